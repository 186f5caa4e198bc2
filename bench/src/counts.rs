//! What takes instructions: of all, and of crossfade with much in it.

use std::time::Duration;

use crate::Only;
use crate::canned::Plan;
use crate::instructions::{self, Count, Counter, Instructions};
use crate::load::Clients;
use crate::process::Process;
use crate::proxies::{COMPARED, Proxy, Scale, Starter};
use crate::size::Size;
use crate::table::Table;

pub(crate) async fn instructions_of(
    starter: &Starter,
    size: &Size,
    only: Only,
    table: &mut Table,
) -> anyhow::Result<()> {
    let Some(counter) = instructions::counter() else {
        table.missing(
            "user instructions",
            "neither perf's counter nor valgrind works here",
        );
        return Ok(());
    };
    count(starter, size, (counter, only == Only::Alone), table).await?;
    if only == Only::Alone {
        return Ok(());
    }
    scaled(starter, size, counter, table).await
}

/// `alone`: crossfade only, as after each of many changes.
async fn count(
    starter: &Starter,
    size: &Size,
    (counter, alone): (Counter, bool),
    table: &mut Table,
) -> anyhow::Result<()> {
    let mut counted = [Counted::NOTHING; COMPARED];
    for (proxy, counted) in Proxy::COMPARED.into_iter().zip(&mut counted) {
        if alone && proxy != Proxy::Crossfade {
            continue;
        }
        let files = starter.directory.join(format!("callgrind-{}", proxy.name()));
        let process = starter.start(proxy, &Count::wrapper(counter, &files))?;
        *counted = count_one(&process, size, counter, &files).await?;
        process.stop()?;
    }
    let mut rows = |figure: &str, each: [Instructions; COMPARED]| {
        let name = format!("user instructions a {figure} ({})", counter.name());
        table.row(&name, each.map(|each| each.all));
        table.row(
            "those of the thread that carries requests",
            each.map(|each| each.busiest),
        );
    };
    rows("request", counted.map(|counted| counted.request));
    rows("event in bursts of 50", counted.map(|counted| counted.burst));
    let event = counted.map(|counted| counted.event);
    for (proxy, event) in Proxy::COMPARED.into_iter().zip(event) {
        if event.is_none() {
            eprintln!(
                "bench: NOT MEASURED: a streamed event of {}: events came together",
                proxy.name()
            );
        }
    }
    let event = event.map(|event| event.unwrap_or(Instructions::NOT_COUNTED));
    rows("streamed event", event);
    Ok(())
}

/// What a request, a start and rest cost crossfade that has many deployments, or many keys.
async fn scaled(starter: &Starter, size: &Size, counter: Counter, table: &mut Table) -> anyhow::Result<()> {
    for scale in size.scales {
        for which in ["first", "next"] {
            let process = starter.start_scaled(&[], *scale).await?;
            let figure = format!("{which} start to first answer, ms, {scale}");
            table.alone(&figure, process.start.as_secs_f64() * 1e3);
            if which == "next" {
                table.alone(&format!("memory idle, MiB, {scale}"), process.memory()?);
            }
            process.stop()?;
        }
        count_scaled(starter, size, (counter, *scale), table).await?;
    }
    Ok(())
}

async fn count_scaled(
    starter: &Starter,
    size: &Size,
    (counter, scale): (Counter, Scale),
    table: &mut Table,
) -> anyhow::Result<()> {
    let name = format!("callgrind-{}-{}", scale.deployments, scale.keys);
    let files = starter.directory.join(name);
    let wrapper = Count::wrapper(counter, &files);
    let process = starter.start_scaled(&wrapper, scale).await?;
    let mut counting = Count::new(counter, &process, &files)?;
    let mut clients = Clients::connect(process.address, 8).await?;
    clients.burst(Plan::WHOLE, 50).await?;
    let at_rest = counting.rest().await?;
    let (taken, _) = counting
        .during(clients.burst(Plan::WHOLE, size.counted / 8))
        .await?;
    process.stop()?;
    let figure = format!("user instructions a request, of the thread that carries it, {scale}");
    table.alone(&figure, taken.busiest / f64::from(size.counted));
    table.alone(
        &format!("user instructions a second at rest, thousand, {scale}"),
        at_rest / 1e3,
    );
    Ok(())
}

/// User instructions.
#[derive(Clone, Copy)]
struct Counted {
    request: Instructions,
    /// `None` where events did not come one by one.
    event: Option<Instructions>,
    burst: Instructions,
}

impl Counted {
    const NOTHING: Counted = Counted {
        request: Instructions::NOT_COUNTED,
        event: Some(Instructions::NOT_COUNTED),
        burst: Instructions::NOT_COUNTED,
    };
}

async fn count_one(
    process: &Process,
    size: &Size,
    counter: Counter,
    files: &std::path::Path,
) -> anyhow::Result<Counted> {
    let mut counting = Count::new(counter, process, files)?;
    let mut clients = Clients::connect(process.address, 8).await?;
    clients.burst(Plan::WHOLE, 50).await?;
    clients.burst(Plan::stream(20, 10), 1).await?;
    exhaust_the_log(&mut clients).await?;
    counting.rest().await?;
    let (whole, _) = counting
        .during(clients.burst(Plan::WHOLE, size.counted / 8))
        .await?;
    let request = whole.each(f64::from(size.counted));
    // What the requests left behind for the log is written before events are counted.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let single = Plan::stream(size.counted / 16, 50);
    let (stream, seen) = counting.during(clients.burst(single, 1)).await?;
    // Those that end a stream may come together, and a busy machine joins some.
    let apart = seen.reads * 100 >= seen.events * 85;
    let each = |stream: Instructions, events: u64| stream.less(request, 8.0).each(events as f64);
    let event = apart.then(|| each(stream, seen.events));
    let burst = Plan {
        events: size.counted * 2,
        together: 50,
        pause_ms: 20,
    };
    let (stream, seen) = counting.during(clients.burst(burst, 1)).await?;
    Ok(Counted {
        request,
        event,
        burst: each(stream, seen.events),
    })
}

/// crossfade's request log takes bursts whole and after that 100 requests a second, as it does for ever on a busy
/// gateway. What is counted is the latter, so the burst is used up first: 2,000 rows fit into the log each second.
async fn exhaust_the_log(clients: &mut Clients) -> anyhow::Result<()> {
    for _ in 0..3 {
        clients.burst(Plan::WHOLE, 250).await?;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    Ok(())
}

//! Files that are refused for what only the whole can tell.

use super::problems;

#[test]
fn environments_name_providers_that_exist() {
    let text = "providers: {openai: {dialect: openai}, anthropic: {dialect: anthropic}}
deployments:
  a:
    blue: {provider: openia, model: m}
    green: {provider: mistral, model: m, fallback: [{provider: openai, model: n}, {provider: antropic, model: n}]}
";
    insta::assert_snapshot!(problems(text), @r"
    4:22 deployments.a.blue.provider: there is no provider `openia` [openai] (providers: anthropic, openai)
    5:23 deployments.a.green.provider: there is no provider `mistral` (providers: anthropic, openai)
    5:94 deployments.a.green.fallback[1].provider: there is no provider `antropic` [anthropic] (providers: anthropic, openai)
    ");
}

#[test]
fn aliases_lead_somewhere_and_not_in_circles() {
    let text = "providers: {openai: {dialect: openai, models: [o3]}}
deployments: {gpt-4.1: {blue: {provider: openai, model: gpt-4.1}}}
aliases: {good: gpt-4.1@green, too: openai/x, third: o3, chain: good, a: b, b: c, c: a, self: self, bad: gpt-41, gpt-4.1: o3}
";
    insta::assert_snapshot!(problems(text), @r"
    3:74 aliases.a: the alias leads back to itself: a -> b -> c -> a (let one of them lead to a deployment)
    3:95 aliases.self: the alias leads back to itself: self -> self (let one of them lead to a deployment)
    3:106 aliases.bad: the alias `bad` leads to `gpt-41`, which does not exist [gpt-4.1] (deployments: gpt-4.1)
    3:114 aliases.gpt-4.1: the alias `gpt-4.1` is also the name of a deployment (a name leads to one place: rename one of them)
    ");
}

#[test]
fn public_names_mean_one_thing() {
    let text = "providers: {openai: {dialect: openai, models: [o3]}, other: {dialect: openai, models: [o3]}, a/b: {dialect: openai}}
deployments:
  openai/gpt: {blue: {provider: openai, model: m}}
  x@green: {blue: {provider: openai, model: m}}
  'two words': {blue: {provider: openai, model: m}}
  meta-llama/llama: {blue: {provider: openai, model: m}}
services: {x@green: {hosts: [a], blue: {url: http://a}}}
";
    insta::assert_snapshot!(problems(text), @r"
    1:88 providers.other.models[0]: both `openai` and `other` publish `o3` (publish it once, or make a deployment of that name)
    1:94 providers.a/b: `a/b` cannot name a provider (use letters, digits, dots and dashes: clients write it before a slash)
    3:3 deployments.openai/gpt: `openai/gpt` already means a model of the provider `openai` (rename one of them)
    4:3 deployments.x@green: `x@green` ends in `@green`, by which clients choose an environment (rename it)
    5:3 deployments.two words: a name that clients call cannot be empty or hold spaces (use letters, digits, dots and dashes)
    7:12 services.x@green: `x@green` is the name of a service and of a deployment (rename one of them)
    ");
}

#[test]
fn tokens_differ_in_name_and_secret_and_hosts_are_names() {
    let text = "providers: {openai: {dialect: openai}}
admin_token: the-first-token-0123
tokens:
  - {name: kim, role: operator, secret: the-first-token-0123}
  - {name: kim, role: viewer, secret: short}
  - {name: admin, role: admin, secret: another-token-0123}
  - {name: lee, role: boss, secret: a-third-token-012345}
admin_hosts: [gateway.example.com, 'https://gateway.example.com']
";
    insta::assert_snapshot!(problems(text));
}

#[test]
fn keys_allow_models_that_exist_and_differ_from_each_other() {
    let text = "providers: {openai: {dialect: openai}}
deployments: {gpt-4.1: {blue: {provider: openai, model: gpt-4.1}}}
keys:
  - {name: a, secret: one, models: ['*', gpt-4.1, openai/o3]}
  - {name: b, secret: one, models: [gpt-41, openai/, claude]}
  - {name: a, secret: two}
";
    insta::assert_snapshot!(problems(text), @r#"
    5:23 keys[1].secret: the keys `a` and `b` have the same secret (give each key a secret of its own: it is how a client is told from another)
    5:37 keys[1].models[0]: the key `b` allows `gpt-41`, which does not exist [gpt-4.1] (name deployments, aliases or provider/model; "*" allows all)
    5:45 keys[1].models[1]: the key `b` allows `openai/`, which does not exist (name deployments, aliases or provider/model; "*" allows all)
    5:54 keys[1].models[2]: the key `b` allows `claude`, which does not exist (name deployments, aliases or provider/model; "*" allows all)
    6:12 keys[2].name: the key name `a` is empty or taken (give each key a name of its own)
    "#);
}

#[test]
fn splits_need_a_green_and_sum_to_100() {
    let text = "providers: {p: {dialect: openai}}
deployments:
  a: {blue: &b {provider: p, model: m}, split: {green: 10}}
  b: {blue: *b, green: *b, split: {blue: 80, green: 10}}
  c: {blue: *b, green: *b, split: {blue: 87.5, green: 12.5}, rollout: slow}
";
    insta::assert_snapshot!(problems(text), @r"
    3:56 deployments.a.split.green: green gets 10 % of the traffic, but there is no green (define `green`, or leave `split` out)
    4:35 deployments.b.split: blue's 80 and green's 10 do not sum to 100 (blue gets 90 %; it may be left out)
    5:71 deployments.c.rollout: there is no rollout plan `slow` (plans: fast, safe)
    ");
}

#[test]
fn embeddings_of_different_models_share_no_split() {
    let text = "providers: {p: {dialect: openai}, q: {dialect: gemini}}
deployments:
  same: {blue: {provider: p, model: text-embedding-3-small}, green: {provider: q, model: text-embedding-3-small}}
  other: {blue: {provider: p, model: text-embedding-3-small}, green: {provider: q, model: gemini-embedding-001}}
";
    insta::assert_snapshot!(problems(text), @"4:91 deployments.other.green.model: embeddings of `text-embedding-3-small` and `gemini-embedding-001` cannot share a split (vectors of different models cannot be compared; give the new model a name of its own)");
}

#[test]
fn the_process_needs_two_addresses_and_a_long_token() {
    let text = "{listen: '0.0.0.0:8081', admin_token: fifteen-letters, providers: {p: {dialect: openai}}}";
    insta::assert_snapshot!(problems(text), @r"
    1:10 listen: `admin` and `listen` are the same address, 127.0.0.1:8081 (give the admin API a port of its own, as in 127.0.0.1:8081)
    1:39 admin_token: the admin token is shorter than 16 characters (make one by `openssl rand -hex 24`, or leave the key out and one is made)
    ");
}

#[test]
fn times_and_fields_of_an_environment_make_sense() {
    let text = "providers: {p: {dialect: openai, headers: {host: x}, ca_file: /nowhere/ca.pem}}
deployments:
  a:
    blue: {provider: p, model: '', set: {model: x}, timeouts: {total: 0s}, health: {interval: 0s}}
services: {w: {hosts: [], path: app, blue: {url: http://a}, split: {green: 1}}}
";
    insta::assert_snapshot!(problems(text), @r"
    1:43 providers.p.headers: the header `host` is the gateway's own to write (leave it out)
    1:63 providers.p.ca_file: there is no file /nowhere/ca.pem
    4:32 deployments.a.blue.model: the model has no name
    4:42 deployments.a.blue.set.model: `set` cannot change the model (name it by the environment's own `model`)
    4:71 deployments.a.blue.timeouts.total: a timeout of nothing would fail every request
    4:84 deployments.a.blue.health: health probes need an interval and a timeout above nothing
    5:23 services.w.hosts: a service needs a host name (name at least one, as in [app.example.com])
    5:33 services.w.path: a path begins with a slash
    5:76 services.w.split.green: green gets 1 % of the traffic, but there is no green (define `green`, or leave `split` out)
    ");
}

#[test]
fn plans_rise_to_100_and_their_alphas_sum() {
    let text = "providers: {p: {dialect: openai}}
plans:
  safe: {}
  falls: {phases: [{weight: 50}, {weight: 10, probes: {}}, {weight: 10}, {weight: 90, min_duration: 2h, max_duration: 1h}]}
  empty: {phases: []}
  greedy: {analysis: {metrics: {error: {alpha: 0.009}}}, phase_defaults: {min_duration: 1h}}
  spends: {analysis: {alpha: 0.05}, notify: [{}, {slack: hooks.slack.com/x}, {webhook: 'http://a', slack: 'http://b'}]}
  typo: {analysis: {metrics: {latancy: {}}}}
";
    insta::assert_snapshot!(problems(text), @r"
    3:3 plans.safe: the plan `safe` is built in (give yours another name)
    4:43 plans.falls.phases[1].weight: the weight does not rise: 10 comes after 50 (each phase gives green more than the one before)
    4:47 plans.falls.phases[1].probes: probes belong to a phase of weight 0, where no user sees green
    4:69 plans.falls.phases[2].weight: the weight does not rise: 10 comes after 10 (each phase gives green more than the one before)
    4:74 plans.falls.phases[3]: the phase's longest time, 1h, is below its least, 2h (raise max_duration, or lower min_duration)
    4:83 plans.falls.phases[3].weight: the last phase's weight is 90 and not 100 (end with {name: cutover, weight: 100})
    5:19 plans.empty.phases: a plan needs at least one phase (write [{weight: 100}])
    6:32 plans.greedy.analysis.metrics: the streams' alphas sum to 0.015000, more than the plan's 0.01 (lower them, or raise the plan's alpha: it bounds false alarms of all streams together)
    7:46 plans.spends.notify[0]: nobody is told here (write webhook: URL or slack: URL)
    7:58 plans.spends.notify[1].slack: a URL begins with http:// or https://
    7:78 plans.spends.notify[2]: one entry tells one receiver (make two entries of it)
    8:31 plans.typo.analysis.metrics.latancy: unknown key `latancy` [latency]
    ");
}

#[test]
fn a_broken_entry_is_not_reported_again_by_what_refers_to_it() {
    let text = "providers: {p: {dialect: nope, models: [x]}}
deployments: {m: {blue: {provider: p}}, h: {blue: {provider: p, model: m}, green: {provider: p}, split: {green: 5}}}
aliases: {n: m, o: x}
keys: [{name: k, secret: s, models: [m, n, x, h, p/y]}]
";
    insta::assert_snapshot!(problems(text), @r"
    1:26 providers.p.dialect: expected one of openai, anthropic, gemini, found `nope`
    2:25 deployments.m.blue.model: `model` is missing (`provider` and `model` are needed here)
    2:83 deployments.h.green.model: `model` is missing (`provider` and `model` are needed here)
    ");
}

//! Puts the dashboard's files into the binary, as `make ui` built them. Without them the build goes
//! on, and a page takes their place that says how to build them.

use std::path::Path;

const BUILT: &str = "../../ui/dist";
const NOT_BUILT: &str = "src/api/page";

fn main() {
    let is_built = Path::new(BUILT).join("index.html").exists();
    memory_serve::load_directory(if is_built { BUILT } else { NOT_BUILT });
    println!("cargo::rerun-if-changed={BUILT}");
    println!("cargo::rerun-if-changed={NOT_BUILT}");
}

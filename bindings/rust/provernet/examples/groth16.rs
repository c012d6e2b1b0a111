//! A worker that lets the library's own engine prove Groth16: `groth16 HOST:PORT [JOBS]` ends after
//! JOBS jobs (default: never).
use provernet::{Engine, Key, Options, Worker};

fn run() -> provernet::Result<()> {
    let server = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9000".into());
    let mut left = std::env::args().nth(2).and_then(|n| n.parse::<u64>().ok()).unwrap_or(u64::MAX);
    let mut options = Options::new()?;
    options.set("worker.server", &server)?;
    options.set("worker.kinds", "groth16/bn254@1")?;
    options.set("worker.name", "rust")?;
    let engine = Engine::open("cpu", &options)?;
    let worker = Worker::dial(&options, &Key::random()?)?;
    println!("libprovernet {}: a worker for {server}", provernet::version());
    while left > 0 {
        let Some(job) = worker.next(None)? else { continue };
        let (id, kind) = (job.id(), job.kind());
        match job.prove(&engine) {
            Ok(None) => println!("{id} {kind}: done"),
            Ok(Some(job)) => {
                job.fail(provernet::Blame::Surroundings, "not a kind of the library's")?
            }
            Err(e) => println!("{id} {kind}: {e}"),
        }
        left -= 1;
    }
    Ok(())
}

fn main() {
    if let Err(e) = run() {
        eprintln!("{e}");
        std::process::exit(e.exit_code());
    }
}

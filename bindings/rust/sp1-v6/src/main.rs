//! A worker that proves SP1 programs of circuit version 6 on this machine's processors, and judges
//! what other workers return.
//!
//!   provernet-sp1-worker-v6 HOST:PORT [--kinds LIST] [--key-file FILE] [--name NAME] [--once]
//!
//! Kinds: sp1/core@6, sp1/compressed@6 and, for judging, verify/sp1/core@6 and
//! verify/sp1/compressed@6. Nobody judges a proof of his own: that takes a second worker with
//! another key. Without --kinds it takes all for which there is memory.
use anyhow::{bail, ensure, Context, Result};
use provernet::{Blame, Job, Key, Options, Worker};
use sp1_sdk::{
    Elf, HashableKey, LightProver, ProveRequest, Prover, ProverClient, ProofFromNetwork,
    ProvingKey, SP1Proof, SP1ProofMode, SP1ProofWithPublicValues, SP1ProvingKey, SP1Stdin,
};
use std::time::Instant;
use tokio::runtime::Runtime;

mod memory;

const KINDS: [&str; 4] =
    ["sp1/core@6", "sp1/compressed@6", "verify/sp1/core@6", "verify/sp1/compressed@6"];

/// A job ends badly: whose fault, and why.
struct Failed(Blame, String);

fn fault<T, E: std::fmt::Display>(
    r: std::result::Result<T, E>,
    blame: Blame,
    what: &str,
) -> std::result::Result<T, Failed> {
    r.map_err(|e| Failed(blame, format!("{what}: {e}")))
}

struct Wish {
    server: String,
    kinds: Option<String>,
    key_file: String,
    name: Option<String>,
    once: bool,
}

fn wish() -> Result<Wish> {
    let mut w = Wish {
        server: String::new(),
        kinds: None,
        key_file: "worker.key".into(),
        name: None,
        once: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(a) = args.next() {
        let mut value = || args.next().with_context(|| format!("{a} needs a value"));
        match a.as_str() {
            "--kinds" => w.kinds = Some(value()?),
            "--key-file" => w.key_file = value()?,
            "--name" => w.name = Some(value()?),
            "--once" => w.once = true,
            _ if a.starts_with('-') => bail!("{a}: there is no such flag"),
            _ => w.server = a,
        }
    }
    ensure!(!w.server.is_empty(), "name the server: HOST:PORT");
    Ok(w)
}

/// The kinds to take: those asked for must all fit, otherwise those that do.
fn choose(asked: Option<&str>) -> Result<Vec<String>> {
    let mut taken = Vec::new();
    let wanted: Vec<&str> = asked.map_or(KINDS.to_vec(), |a| a.split(',').collect());
    for kind in wanted {
        ensure!(KINDS.contains(&kind), "{kind}: this worker knows {}", KINDS.join(", "));
        match memory::refusal(kind) {
            None => taken.push(kind.to_string()),
            Some(why) if asked.is_some() => bail!(why),
            Some(why) => eprintln!("left out: {why}"),
        }
    }
    ensure!(!taken.is_empty(), "there is not enough memory for any kind");
    Ok(taken)
}

/// What is kept between jobs.
struct Shop {
    runtime: Runtime,
    light: LightProver,
    /// The last program: its ELF and key.
    program: Option<(Vec<u8>, SP1ProvingKey)>,
}

impl Shop {
    fn new() -> Result<Self> {
        let runtime = Runtime::new()?;
        let light = runtime.block_on(async { ProverClient::builder().light().build().await });
        Ok(Shop { runtime, light, program: None })
    }

    /// The program's key; the registered hash must be its.
    fn key(
        &mut self,
        artifact: &[u8],
        params: &serde_json::Value,
    ) -> std::result::Result<SP1ProvingKey, Failed> {
        let elf: Vec<u8> =
            fault(bincode::deserialize(artifact), Blame::Input, "the program is not bincode")?;
        let known = self.program.as_ref().filter(|(e, _)| *e == elf).map(|(_, k)| k.clone());
        let key = match known {
            Some(key) => key,
            None => {
                let light = self.light.clone();
                let bytes = Elf::from(elf.clone());
                let key = self.away(async move { light.setup(bytes).await }, Blame::Input)?;
                let key = fault(key, Blame::Input, "the program cannot be set up")?;
                self.program = Some((elf, key.clone()));
                key
            }
        };
        let own: String =
            key.verifying_key().hash_bytes().iter().map(|b| format!("{b:02x}")).collect();
        match params["vk_hash"].as_str() {
            Some(want) if want != own => Err(Failed(
                Blame::Input,
                format!("the program's vk hash is 0x{own}, it is registered as 0x{want}"),
            )),
            _ => Ok(key),
        }
    }

    /// Run it as a task of its own, so that a panic in there is an error here.
    fn away<F, T>(&self, f: F, blame: Blame) -> std::result::Result<T, Failed>
    where
        F: std::future::Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        self.runtime
            .block_on(async { tokio::spawn(f).await })
            .map_err(|e| Failed(blame, format!("the SDK panicked: {e}")))
    }
}

fn mode_of(kind: &str) -> SP1ProofMode {
    if kind.contains("compressed") {
        SP1ProofMode::Compressed
    } else {
        SP1ProofMode::Core
    }
}

fn limit(params: &serde_json::Value, name: &str) -> u64 {
    params[name].as_str().and_then(|t| t.parse().ok()).unwrap_or(0)
}

/// Runs the program: what does not run needs no proof.
fn execute(
    shop: &Shop,
    key: &SP1ProvingKey,
    stdin: &SP1Stdin,
    params: &serde_json::Value,
) -> std::result::Result<u64, Failed> {
    let (light, elf, stdin) = (shop.light.clone(), key.elf().clone(), stdin.clone());
    let most = limit(params, "cycle_limit");
    let ran = shop.away(
        async move {
            // Only against programs that never end: the executor stops a little before its limit,
            // and requests name exactly what their own run took.
            let guard = most.saturating_mul(2).saturating_add(1 << 20);
            let run = light.execute(elf, stdin);
            let run = if most > 0 { run.cycle_limit(guard) } else { run };
            run.await
        },
        Blame::Input,
    )?;
    let (_, report) = fault(ran, Blame::Input, "execution failed")?;
    let cycles = report.total_instruction_count();
    if report.exit_code != 0 {
        let why = format!("execution failed: exit code {}", report.exit_code);
        return Err(Failed(Blame::Input, why));
    }
    if most > 0 && cycles > most {
        let why = format!("execution took {cycles} cycles, the request allows {most}");
        return Err(Failed(Blame::Input, why));
    }
    Ok(cycles)
}

fn prove(shop: &mut Shop, job: &mut Job) -> std::result::Result<(), Failed> {
    let kind = job.kind();
    let mode = mode_of(&kind);
    let params: serde_json::Value =
        fault(serde_json::from_str(&job.params()), Blame::Surroundings, "params")?;
    if let Some(why) = memory::refusal(&kind) {
        return Err(Failed(Blame::Surroundings, why));
    }
    let inputs = fault(job.inputs(), Blame::Surroundings, "inputs")?;
    let [program, stdin] = inputs.as_slice() else {
        let why = format!("{} inputs came, a program and its input were expected", inputs.len());
        return Err(Failed(Blame::Surroundings, why));
    };
    let stdin: SP1Stdin =
        fault(bincode::deserialize(stdin), Blame::Input, "the input is not bincode")?;
    job.alive(10, "set up");
    let key = shop.key(program, &params)?;
    job.alive(50, "execute");
    let cycles = execute(shop, &key, &stdin, &params)?;
    if !job.alive(100, "prove") {
        return Err(Failed(Blame::Surroundings, "no longer wanted".into()));
    }
    println!("{} {kind}: {cycles} cycles", job.id());
    let own = key.clone();
    let made = shop.away(
        async move {
            // Made for each proof: idle, it would hold gigabytes.
            let cpu = ProverClient::builder().cpu().build().await;
            cpu.prove(&own, stdin).mode(mode).await
        },
        Blame::Attempt,
    )?;
    let proof = fault(made, Blame::Attempt, "proving failed")?;
    job.alive(980, "verify");
    fault(shop.light.verify(&proof, key.verifying_key(), None), Blame::Attempt, "verification")?;
    let SP1ProofWithPublicValues { proof, public_values, sp1_version, .. } = proof;
    let bytes = bincode::serialize(&ProofFromNetwork { proof, public_values, sp1_version });
    let bytes = fault(bytes, Blame::Attempt, "the proof cannot be written")?;
    fault(job.output(&bytes), Blame::Surroundings, "output")
}

fn fits(proof: &SP1Proof, mode: SP1ProofMode) -> bool {
    matches!(
        (proof, mode),
        (SP1Proof::Core(_), SP1ProofMode::Core)
            | (SP1Proof::Compressed(_), SP1ProofMode::Compressed)
    )
}

/// The last input is the proof that another worker made.
fn judge(shop: &mut Shop, job: &mut Job) -> std::result::Result<(), Failed> {
    let params: serde_json::Value =
        fault(serde_json::from_str(&job.params()), Blame::Surroundings, "params")?;
    let inputs = fault(job.inputs(), Blame::Surroundings, "inputs")?;
    let (Some(program), Some(proof), true) = (inputs.first(), inputs.last(), inputs.len() >= 2)
    else {
        return Err(Failed(Blame::Surroundings, "there is no proof to judge".into()));
    };
    let key = shop.key(program, &params)?;
    let proof: ProofFromNetwork =
        fault(bincode::deserialize(proof), Blame::Input, "the proof cannot be decoded")?;
    if !fits(&proof.proof, mode_of(&job.kind())) {
        return Err(Failed(Blame::Input, "it is a proof of another mode".into()));
    }
    let (light, vk) = (shop.light.clone(), key.verifying_key().clone());
    let proof = SP1ProofWithPublicValues::from(proof);
    let said = shop.away(async move { light.verify(&proof, &vk, None) }, Blame::Input)?;
    fault(said, Blame::Input, "the proof does not verify")
}

fn one(shop: &mut Shop, mut job: Job) {
    let (id, kind, start) = (job.id(), job.kind(), Instant::now());
    let judging = kind.starts_with("verify/");
    println!("{id} {kind}: begun");
    let ended = if judging { judge(shop, &mut job) } else { prove(shop, &mut job) };
    let said = match ended {
        Ok(()) => job.done().map(|()| "done".to_string()),
        Err(Failed(blame, why)) => job.fail(blame, &why).map(|()| format!("{blame:?}: {why}")),
    };
    let seconds = start.elapsed().as_secs_f64();
    match said {
        Ok(text) => println!("{id} {kind}: {text}, {seconds:.1} s"),
        Err(e) => println!("{id} {kind}: {e}, {seconds:.1} s"),
    }
}

fn run() -> Result<()> {
    let w = wish()?;
    let kinds = choose(w.kinds.as_deref())?.join(",");
    let mut options = Options::new()?;
    options.set("worker.server", &w.server)?;
    options.set("worker.kinds", &kinds)?;
    if let Some(name) = &w.name {
        options.set("worker.name", name)?;
    }
    let key = Key::kept(&w.key_file)?;
    let mut shop = Shop::new()?;
    let worker = Worker::dial(&options, &key)?;
    println!("libprovernet {}: a worker for {}, kinds {kinds}", provernet::version(), w.server);
    loop {
        match worker.next(None) {
            Ok(Some(job)) => one(&mut shop, job),
            Ok(None) => continue,
            Err(e) if e.is_end() && e.message.is_empty() => return Ok(()),
            Err(e) => return Err(e.into()),
        }
        if w.once {
            return Ok(());
        }
    }
}

fn main() {
    if let Err(e) = run() {
        eprintln!("error: {e:#}");
        std::process::exit(8);
    }
}

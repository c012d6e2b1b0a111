//! A worker that proves SP1 programs of circuit version 5 on this machine's processors, and judges
//! what other workers return.
//!
//!   provernet-sp1-worker-v5 HOST:PORT [--kinds LIST] [--key-file FILE] [--name NAME] [--once]
//!
//! Kinds: sp1/core@5 and, for judging, verify/sp1/core@5. Nobody judges a proof of his own: that
//! takes a second worker with another key. Without --kinds it takes all for which there is memory.
//! Compressed proofs would need the makers' map of recursion keys, see build.sh.
use provernet::service::{self, fault, Craft, Failed};
use provernet::{Blame, Job};
use serde_json::Value;
use sp1_sdk::{
    CpuProver, HashableKey, ProofFromNetwork, Prover, ProverClient, SP1Proof,
    SP1ProofWithPublicValues, SP1ProvingKey, SP1Stdin,
};
use std::panic::{catch_unwind, AssertUnwindSafe};

type Result<T> = std::result::Result<T, Failed>;

/// What is kept between jobs.
struct Shop {
    cpu: CpuProver,
    /// The last program's key; its ELF is in it.
    program: Option<SP1ProvingKey>,
}

/// A panic in there is an error here.
fn away<T>(f: impl FnOnce() -> T, blame: Blame) -> Result<T> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|what| {
        let text = what.downcast_ref::<&str>().map(|t| t.to_string());
        let text = text.or_else(|| what.downcast_ref::<String>().cloned()).unwrap_or_default();
        Failed(blame, format!("the SDK panicked: {text}"))
    })
}

impl Shop {
    /// The program's key; the registered hash must be its.
    fn key(&mut self, artifact: &[u8], params: &Value) -> Result<SP1ProvingKey> {
        let elf: Vec<u8> =
            fault(bincode::deserialize(artifact), Blame::Input, "the program is not bincode")?;
        let key = match self.program.take().filter(|k| k.elf == elf) {
            Some(key) => key,
            None => away(|| self.cpu.setup(&elf).0, Blame::Input)?,
        };
        self.program = Some(key.clone());
        let own: String = key.vk.hash_bytes().iter().map(|b| format!("{b:02x}")).collect();
        match params["vk_hash"].as_str() {
            Some(want) if want != own => Err(Failed(
                Blame::Input,
                format!("the program's vk hash is 0x{own}, it is registered as 0x{want}"),
            )),
            _ => Ok(key),
        }
    }
}

fn limit(params: &Value, name: &str) -> u64 {
    params[name].as_str().and_then(|t| t.parse().ok()).unwrap_or(0)
}

/// Runs the program: what does not run needs no proof.
fn execute(shop: &Shop, key: &SP1ProvingKey, stdin: &SP1Stdin, params: &Value) -> Result<u64> {
    let most = limit(params, "cycle_limit");
    let ran = away(
        || {
            // Only against programs that never end.
            let guard = most.saturating_mul(2).saturating_add(1 << 20);
            let run = shop.cpu.execute(&key.elf, stdin).calculate_gas(false);
            let run = if most > 0 { run.cycle_limit(guard) } else { run };
            run.run()
        },
        Blame::Input,
    )?;
    let (_, report) = fault(ran, Blame::Input, "execution failed")?;
    let cycles = report.total_instruction_count();
    if most > 0 && cycles > most {
        let why = format!("execution took {cycles} cycles, the request allows {most}");
        return Err(Failed(Blame::Input, why));
    }
    Ok(cycles)
}

fn params_of(job: &Job) -> Result<Value> {
    fault(serde_json::from_str(&job.params()), Blame::Surroundings, "params")
}

fn prove(shop: &mut Shop, job: &mut Job) -> Result<()> {
    let (kind, params) = (job.kind(), params_of(job)?);
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
    let made = away(|| shop.cpu.prove(&key, &stdin).core().run(), Blame::Attempt)?;
    let proof = fault(made, Blame::Attempt, "proving failed")?;
    job.alive(980, "verify");
    let said = away(|| shop.cpu.verify(&proof, &key.vk), Blame::Attempt)?;
    fault(said, Blame::Attempt, "verification")?;
    let SP1ProofWithPublicValues { proof, public_values, sp1_version, .. } = proof;
    let bytes = bincode::serialize(&ProofFromNetwork { proof, public_values, sp1_version });
    let bytes = fault(bytes, Blame::Attempt, "the proof cannot be written")?;
    fault(job.output(&bytes), Blame::Surroundings, "output")
}

/// The last input is the proof that another worker made.
fn judge(shop: &mut Shop, job: &mut Job) -> Result<()> {
    let params = params_of(job)?;
    let inputs = fault(job.inputs(), Blame::Surroundings, "inputs")?;
    let (Some(program), Some(proof), true) = (inputs.first(), inputs.last(), inputs.len() >= 2)
    else {
        return Err(Failed(Blame::Surroundings, "there is no proof to judge".into()));
    };
    let key = shop.key(program, &params)?;
    let proof: ProofFromNetwork =
        fault(bincode::deserialize(proof), Blame::Input, "the proof cannot be decoded")?;
    if !matches!(proof.proof, SP1Proof::Core(_)) {
        return Err(Failed(Blame::Input, "it is a proof of another mode".into()));
    }
    let said = away(|| shop.cpu.verify(&proof.into(), &key.vk), Blame::Input)?;
    fault(said, Blame::Input, "the proof does not verify")
}

impl Craft for Shop {
    /// Measured on two cores with a small guest.
    const KINDS: &'static [(&'static str, u64)] =
        &[("sp1/core@5", 3_700_000_000), ("verify/sp1/core@5", 1_000_000_000)];
    fn new() -> std::result::Result<Self, String> {
        // Core proofs use neither the map of recursion keys nor recursion programs.
        std::env::set_var("VERIFY_VK", "false");
        std::env::set_var("SP1_DISABLE_PROGRAM_CACHE", "true");
        Ok(Shop { cpu: ProverClient::builder().cpu().build(), program: None })
    }
    fn work(&mut self, job: &mut Job) -> Result<()> {
        if job.kind().starts_with("verify/") {
            judge(self, job)
        } else {
            prove(self, job)
        }
    }
}

fn main() {
    service::main::<Shop>();
}

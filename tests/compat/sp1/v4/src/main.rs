//! A requester written with the released `sp1-sdk` 4 alone: setup, register, request, wait, proof.
//! One line per stage; exit 0 only if everything happened. This SDK knows one network mode only.
//!
//!   provernet-sp1-v4 ELF [--modes core,compressed,plonk,groth16]
//!                    [--timeout SECONDS]
//!
//! NETWORK_RPC_URL names the server, NETWORK_PRIVATE_KEY the requester. The proofs are
//! expected to be mock ones: the SDK's mock verifier must accept them, and they must be what the
//! SDK's own mock prover makes.
use anyhow::{bail, ensure, Context, Result};
use sp1_sdk::{
    network::FulfillmentStrategy, HashableKey, Prover, ProverClient, SP1Proof, SP1ProofMode,
    SP1ProofWithPublicValues, SP1ProvingKey, SP1Stdin, SP1_CIRCUIT_VERSION,
};
use std::time::{Duration, Instant};

const N: u32 = 1000;

struct Wish {
    elf: Vec<u8>,
    modes: Vec<SP1ProofMode>,
    timeout: Duration,
}

fn wish() -> Result<Wish> {
    let mut w = Wish {
        elf: Vec::new(),
        modes: [SP1ProofMode::Core, SP1ProofMode::Compressed, SP1ProofMode::Plonk, SP1ProofMode::Groth16]
            .to_vec(),
        timeout: Duration::from_secs(120),
    };
    let mut args = std::env::args().skip(1);
    while let Some(a) = args.next() {
        let mut value = || args.next().with_context(|| format!("{a} needs a value"));
        match a.as_str() {
            "--modes" => w.modes = value()?.split(',').map(mode).collect::<Result<_>>()?,
            "--timeout" => w.timeout = Duration::from_secs(value()?.parse()?),
            path => w.elf = std::fs::read(path).with_context(|| format!("cannot read {path}"))?,
        }
    }
    ensure!(!w.elf.is_empty(), "name the guest's ELF");
    Ok(w)
}

fn mode(name: &str) -> Result<SP1ProofMode> {
    Ok(match name {
        "core" => SP1ProofMode::Core,
        "compressed" => SP1ProofMode::Compressed,
        "plonk" => SP1ProofMode::Plonk,
        "groth16" => SP1ProofMode::Groth16,
        _ => bail!("{name}: core, compressed, plonk or groth16"),
    })
}

fn mode_of(proof: &SP1Proof) -> SP1ProofMode {
    match proof {
        SP1Proof::Core(_) => SP1ProofMode::Core,
        SP1Proof::Compressed(_) => SP1ProofMode::Compressed,
        SP1Proof::Plonk(_) => SP1ProofMode::Plonk,
        SP1Proof::Groth16(_) => SP1ProofMode::Groth16,
    }
}

/// A mock proof: no public values, otherwise what the SDK itself would make.
fn check_mock(pk: &SP1ProvingKey, mode: SP1ProofMode, got: &SP1ProofWithPublicValues) -> Result<()> {
    let own = SP1ProofWithPublicValues::create_mock_proof(
        pk,
        got.public_values.clone(),
        mode,
        SP1_CIRCUIT_VERSION,
    );
    let (own, theirs) = (bincode::serialize(&own)?, bincode::serialize(got)?);
    ensure!(got.public_values.as_slice().is_empty(), "a mock proof has public values");
    if mode == SP1ProofMode::Compressed {
        // The SDK's has a curve point where ours has zeros; only the shape is the same.
        ensure!(own.len() == theirs.len(), "{} bytes, the SDK makes {}", theirs.len(), own.len());
    } else {
        ensure!(own == theirs, "not the bytes that the SDK's mock prover makes");
    }
    Ok(())
}

fn main() -> Result<()> {
    let w = wish()?;
    let url = std::env::var("NETWORK_RPC_URL").context("NETWORK_RPC_URL")?;
    let key = std::env::var("NETWORK_PRIVATE_KEY").context("NETWORK_PRIVATE_KEY")?;
    // Provers are made and dropped outside of the runtime, as the SDK's own examples do.
    let mock = ProverClient::builder().mock().build();
    let runtime = tokio::runtime::Runtime::new()?;
    // Without .tee_signers the builder asks a service of Succinct's first.
    let prover =
        ProverClient::builder().network().private_key(&key).rpc_url(&url).tee_signers(&[]).build();
    let start = Instant::now();
    let (pk, vk) = prover.setup(&w.elf);
    println!("setup    {} {:.1} s", vk.bytes32(), start.elapsed().as_secs_f64());
    let hash = runtime.block_on(prover.register_program(&vk, &w.elf))?;
    println!("register {hash}");
    for &mode in &w.modes {
        let mut stdin = SP1Stdin::new();
        stdin.write_slice(&N.to_le_bytes());
        let id = runtime.block_on(
            prover
                .prove(&pk, &stdin)
                .mode(mode)
                .strategy(FulfillmentStrategy::Reserved)
                .timeout(w.timeout)
                .request_async(),
        )?;
        println!("request  {mode:?} {id}");
        let start = Instant::now();
        let proof = runtime.block_on(prover.wait_proof(id, Some(w.timeout)))?;
        println!("wait     {mode:?} {:.1} s", start.elapsed().as_secs_f64());
        ensure!(mode_of(&proof.proof) == mode, "a proof of another mode came");
        check_mock(&pk, mode, &proof)?;
        mock.verify(&proof, &vk)?;
        println!(
            "proof    {mode:?} {} {} bytes, mock, accepted",
            proof.sp1_version,
            bincode::serialize(&proof)?.len()
        );
    }
    println!("done     sp1-sdk {} {}", "4.2.1", SP1_CIRCUIT_VERSION);
    Ok(())
}

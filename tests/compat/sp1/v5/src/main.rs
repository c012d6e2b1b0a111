//! A requester written with the released `sp1-sdk` 5 alone: setup, register, request, wait, proof.
//! One line per stage; exit 0 only if everything happened.
//!
//!   provernet-sp1-v5 ELF [--network reserved,mainnet] [--modes core,compressed,plonk,groth16]
//!                    [--executed | --real] [--timeout SECONDS]
//!
//! NETWORK_RPC_URL names the server, NETWORK_PRIVATE_KEY the requester. Without --real the proofs
//! are expected to be mock ones: the SDK's mock verifier must accept them, and they must be what
//! the SDK's own mock prover makes, without public values, or, with --executed, with those of a
//! prover that has run the program. With --real the SDK verifies them.
use anyhow::{bail, ensure, Context, Result};
use sp1_sdk::{
    network::NetworkMode, HashableKey, Prover, ProverClient, SP1Proof, SP1ProofMode,
    SP1ProofWithPublicValues, SP1ProvingKey, SP1Stdin, SP1_CIRCUIT_VERSION,
};
use std::time::{Duration, Instant};

const N: u32 = 1000;

struct Wish {
    elf: Vec<u8>,
    networks: Vec<NetworkMode>,
    modes: Vec<SP1ProofMode>,
    executed: bool,
    real: bool,
    timeout: Duration,
}

fn wish() -> Result<Wish> {
    let mut w = Wish {
        elf: Vec::new(),
        networks: vec![NetworkMode::Reserved, NetworkMode::Mainnet],
        modes: [SP1ProofMode::Core, SP1ProofMode::Compressed, SP1ProofMode::Plonk, SP1ProofMode::Groth16]
            .to_vec(),
        executed: false,
        real: false,
        timeout: Duration::from_secs(120),
    };
    let mut args = std::env::args().skip(1);
    while let Some(a) = args.next() {
        let mut value = || args.next().with_context(|| format!("{a} needs a value"));
        match a.as_str() {
            "--network" => {
                w.networks = value()?
                    .split(',')
                    .map(|n| n.parse::<NetworkMode>().map_err(|e| anyhow::anyhow!("{e}")))
                    .collect::<Result<_>>()?
            }
            "--modes" => w.modes = value()?.split(',').map(mode).collect::<Result<_>>()?,
            "--executed" => w.executed = true,
            "--real" => w.real = true,
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

/// The guest commits n and the n-th Fibonacci number.
fn expected_public_values() -> Vec<u8> {
    let (mut a, mut b) = (0u32, 1u32);
    for _ in 0..N {
        (a, b) = (b, a.wrapping_add(b));
    }
    [N.to_le_bytes(), a.to_le_bytes()].concat()
}

/// A mock proof is what the SDK itself would make, but for what it says of the public values.
fn check_mock(pk: &SP1ProvingKey, mode: SP1ProofMode, got: &SP1ProofWithPublicValues) -> Result<()> {
    let own = SP1ProofWithPublicValues::create_mock_proof(
        pk,
        got.public_values.clone(),
        mode,
        SP1_CIRCUIT_VERSION,
    );
    let (own, theirs) = (bincode::serialize(&own)?, bincode::serialize(got)?);
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
    for &network in &w.networks {
        let prover =
            ProverClient::builder().network_for(network).private_key(&key).rpc_url(&url).build();
        let start = Instant::now();
        let (pk, vk) = prover.setup(&w.elf);
        println!("setup    {network:?} {} {:.1} s", vk.bytes32(), start.elapsed().as_secs_f64());
        let hash = runtime.block_on(prover.register_program(&vk, &w.elf))?;
        println!("register {network:?} {hash}");
        for &mode in &w.modes {
            let mut stdin = SP1Stdin::new();
            stdin.write_slice(&N.to_le_bytes());
            let id = runtime.block_on(
                prover
                    .prove(&pk, &stdin)
                    .mode(mode)
                    .strategy(prover.default_fulfillment_strategy())
                    .timeout(w.timeout)
                    .request_async(),
            )?;
            println!("request  {network:?} {mode:?} {id}");
            let start = Instant::now();
            let proof = runtime.block_on(prover.wait_proof(id, Some(w.timeout), None))?;
            println!("wait     {network:?} {mode:?} {:.1} s", start.elapsed().as_secs_f64());
            ensure!(mode_of(&proof.proof) == mode, "a proof of another mode came");
            let expected =
                if w.executed || w.real { expected_public_values() } else { Vec::new() };
            ensure!(proof.public_values.as_slice() == expected, "other public values came");
            if w.real {
                prover.verify(&proof, &vk)?;
            } else {
                check_mock(&pk, mode, &proof)?;
                mock.verify(&proof, &vk)?;
            }
            println!(
                "proof    {network:?} {mode:?} {} {} bytes, {}",
                proof.sp1_version,
                bincode::serialize(&proof)?.len(),
                if w.real { "verified" } else { "mock, accepted" }
            );
        }
    }
    println!("done     sp1-sdk {} {}", "5.2.4", SP1_CIRCUIT_VERSION);
    Ok(())
}

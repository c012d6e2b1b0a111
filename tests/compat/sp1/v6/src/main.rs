//! A requester written with the released `sp1-sdk` 6 alone: setup, register, request, wait, proof.
//! One line per stage; exit 0 only if everything happened.
//!
//!   provernet-sp1-v6 ELF [--network reserved,mainnet] [--modes core,compressed,plonk,groth16]
//!                    [--real] [--timeout SECONDS]
//!
//! NETWORK_RPC_URL names the server, NETWORK_PRIVATE_KEY the requester. Without --real the proofs
//! are expected to be mock ones: the SDK's mock verifier must accept them, and they must be what
//! the SDK's own mock prover makes. With --real the SDK verifies them.
use anyhow::{bail, ensure, Context, Result};
use sp1_sdk::{
    network::NetworkMode, Elf, HashableKey, ProveRequest, Prover, ProverClient, ProvingKey,
    SP1Proof, SP1ProofMode, SP1ProofWithPublicValues, SP1Stdin, SP1VerifyingKey, SP1_CIRCUIT_VERSION,
};
use std::time::{Duration, Instant};

const N: u32 = 1000;

struct Wish {
    elf: Vec<u8>,
    networks: Vec<NetworkMode>,
    modes: Vec<SP1ProofMode>,
    real: bool,
    timeout: Duration,
}

fn wish() -> Result<Wish> {
    let mut w = Wish {
        elf: Vec::new(),
        networks: vec![NetworkMode::Reserved, NetworkMode::Mainnet],
        modes: [SP1ProofMode::Core, SP1ProofMode::Compressed, SP1ProofMode::Plonk, SP1ProofMode::Groth16]
            .to_vec(),
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

/// n and the n-th Fibonacci number, as the guest commits them.
fn expected_public_values() -> Vec<u8> {
    let (mut a, mut b) = (0u32, 1u32);
    for _ in 0..N {
        (a, b) = (b, a.wrapping_add(b));
    }
    [N.to_le_bytes(), a.to_le_bytes()].concat()
}

/// A mock proof: no public values, otherwise what the SDK itself would make.
fn check_mock(vk: &SP1VerifyingKey, mode: SP1ProofMode, got: &SP1ProofWithPublicValues) -> Result<()> {
    let own = SP1ProofWithPublicValues::create_mock_proof(
        vk,
        got.public_values.clone(),
        mode,
        SP1_CIRCUIT_VERSION,
    );
    let (own, theirs) = (bincode::serialize(&own)?, bincode::serialize(got)?);
    ensure!(got.public_values.as_slice().is_empty(), "a mock proof has public values");
    if mode == SP1ProofMode::Compressed {
        // The SDK puts the program's key into its own; only the shape is the same.
        ensure!(own.len() == theirs.len(), "{} bytes, the SDK makes {}", theirs.len(), own.len());
    } else {
        ensure!(own == theirs, "not the bytes that the SDK's mock prover makes");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let w = wish()?;
    let url = std::env::var("NETWORK_RPC_URL").context("NETWORK_RPC_URL")?;
    let key = std::env::var("NETWORK_PRIVATE_KEY").context("NETWORK_PRIVATE_KEY")?;
    let mock = ProverClient::builder().mock().build().await;
    for &network in &w.networks {
        let prover = ProverClient::builder()
            .network_for(network)
            .private_key(&key)
            .rpc_url(&url)
            .build()
            .await;
        let start = Instant::now();
        let pk = prover.setup(Elf::from(w.elf.clone())).await?;
        let vk = pk.verifying_key();
        println!("setup    {network:?} {} {:.1} s", vk.bytes32(), start.elapsed().as_secs_f64());
        let hash = prover.register_program(vk, pk.elf()).await?;
        println!("register {network:?} {hash}");
        for &mode in &w.modes {
            let mut stdin = SP1Stdin::new();
            stdin.write_slice(&N.to_le_bytes());
            let id = prover
                .prove(&pk, stdin)
                .mode(mode)
                .strategy(prover.default_fulfillment_strategy())
                .timeout(w.timeout)
                .request()
                .await?;
            println!("request  {network:?} {mode:?} {id}");
            let start = Instant::now();
            let proof = prover.wait_proof(id, Some(w.timeout), None).await?;
            println!("wait     {network:?} {mode:?} {:.1} s", start.elapsed().as_secs_f64());
            ensure!(mode_of(&proof.proof) == mode, "a proof of another mode came");
            if w.real {
                ensure!(
                    proof.public_values.as_slice() == expected_public_values(),
                    "other public values came"
                );
                prover.verify(&proof, vk, None)?;
            } else {
                check_mock(vk, mode, &proof)?;
                mock.verify(&proof, vk, None)?;
            }
            println!(
                "proof    {network:?} {mode:?} {} {} bytes, {}",
                proof.sp1_version,
                bincode::serialize(&proof)?.len(),
                if w.real { "verified" } else { "mock, accepted" }
            );
        }
    }
    println!("done     sp1-sdk {} {}", "6.10.0", SP1_CIRCUIT_VERSION);
    Ok(())
}

//! A worker as a program: its arguments, the kinds for which there is memory, the loop over jobs.
//! What proves is the caller's `Craft`.
use crate::{memory, Blame, Job, Key, Options, Worker};
use std::fmt::Display;
use std::time::Instant;

/// A job ends badly: whose fault, and why.
pub struct Failed(pub Blame, pub String);

/// The error of `r` as a failure that begins with `what`.
pub fn fault<T, E: Display>(r: Result<T, E>, blame: Blame, what: &str) -> Result<T, Failed> {
    r.map_err(|e| Failed(blame, format!("{what}: {e}")))
}

pub trait Craft: Sized {
    /// The kinds it knows, and the bytes of memory that each needs.
    const KINDS: &'static [(&'static str, u64)];
    /// Called once, when it is known that there is memory.
    fn new() -> Result<Self, String>;
    /// Everything from inputs to outputs; a `verify/...` job is done if its proof is right. The
    /// job is handed in, or failed, by the caller.
    fn work(&mut self, job: &mut Job) -> Result<(), Failed>;
}

#[derive(Debug, Default, PartialEq)]
struct Wish {
    server: String,
    kinds: Option<String>,
    key_file: Option<String>,
    name: Option<String>,
    once: bool,
}

fn wish(mut args: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut w = Wish::default();
    while let Some(a) = args.next() {
        let mut value = || args.next().ok_or(format!("{a} needs a value"));
        match a.as_str() {
            "--kinds" => w.kinds = Some(value()?),
            "--key-file" => w.key_file = Some(value()?),
            "--name" => w.name = Some(value()?),
            "--once" => w.once = true,
            _ if a.starts_with('-') => {
                return Err(format!(
                    "{a}: there is no such flag; there are --kinds, --key-file, --name and --once"
                ))
            }
            _ => w.server = a,
        }
    }
    if w.server.is_empty() {
        return Err("name the server: HOST:PORT".into());
    }
    Ok(w)
}

fn refusal<C: Craft>(kind: &str, available: u64) -> Option<String> {
    let need = C::KINDS.iter().find(|(k, _)| *k == kind).map_or(0, |(_, n)| *n);
    memory::refusal(kind, need, available)
}

/// The kinds to take: those asked for must all fit, otherwise those that do.
fn choose<C: Craft>(asked: Option<&str>, available: u64) -> Result<Vec<&str>, String> {
    let all: Vec<&str> = C::KINDS.iter().map(|(k, _)| *k).collect();
    let mut taken = Vec::new();
    for kind in asked.map_or(all.clone(), |a| a.split(',').collect()) {
        if !all.contains(&kind) {
            return Err(format!("{kind}: this worker knows {}", all.join(", ")));
        }
        match refusal::<C>(kind, available) {
            None => taken.push(kind),
            Some(why) if asked.is_some() => return Err(why),
            Some(why) => eprintln!("left out: {why}"),
        }
    }
    if taken.is_empty() {
        return Err("there is not enough memory for any kind".into());
    }
    Ok(taken)
}

fn one<C: Craft>(craft: &mut C, mut job: Job) {
    let (id, kind, start) = (job.id(), job.kind(), Instant::now());
    println!("{id} {kind}: begun");
    let ended = match refusal::<C>(&kind, memory::available()) {
        Some(why) => Err(Failed(Blame::Surroundings, why)),
        None => craft.work(&mut job),
    };
    let said = match ended {
        Ok(()) => job.done().map(|()| "done".to_string()),
        Err(Failed(blame, why)) => job.fail(blame, &why).map(|()| format!("{blame:?}: {why}")),
    };
    let text = said.unwrap_or_else(|e| e.to_string());
    println!("{id} {kind}: {text}, {:.1} s", start.elapsed().as_secs_f64());
}

fn run<C: Craft>() -> Result<(), String> {
    let w = wish(std::env::args().skip(1))?;
    let kinds = choose::<C>(w.kinds.as_deref(), memory::available())?.join(",");
    let said = |e: crate::Error| e.to_string();
    let mut options = Options::new().map_err(said)?;
    options.set("worker.server", &w.server).map_err(said)?;
    options.set("worker.kinds", &kinds).map_err(said)?;
    if let Some(name) = &w.name {
        options.set("worker.name", name).map_err(said)?;
    }
    let key = Key::kept(w.key_file.as_deref().unwrap_or("worker.key")).map_err(said)?;
    let mut craft = C::new()?;
    let worker = Worker::dial(&options, &key).map_err(said)?;
    println!("libprovernet {}: a worker for {}, kinds {kinds}", crate::version(), w.server);
    loop {
        match worker.next(None) {
            Ok(Some(job)) => one(&mut craft, job),
            Ok(None) => continue,
            Err(e) if e.is_end() && e.message.is_empty() => return Ok(()),
            Err(e) => return Err(said(e)),
        }
        if w.once {
            return Ok(());
        }
    }
}

/// The whole program:
///   NAME HOST:PORT [--kinds LIST] [--key-file FILE] [--name NAME] [--once]
/// Without --kinds it takes all for which there is memory.
pub fn main<C: Craft>() {
    if let Err(why) = run::<C>() {
        eprintln!("error: {why}");
        std::process::exit(8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;
    impl Craft for Nobody {
        const KINDS: &'static [(&'static str, u64)] =
            &[("a/small@1", 1_000_000_000), ("a/large@1", 8_000_000_000)];
        fn new() -> Result<Self, String> {
            Ok(Nobody)
        }
        fn work(&mut self, _: &mut Job) -> Result<(), Failed> {
            Err(Failed(Blame::Surroundings, "nobody works".into()))
        }
    }

    fn args(text: &str) -> Result<Wish, String> {
        wish(text.split_whitespace().map(str::to_string))
    }

    #[test]
    fn arguments_are_read() {
        let w = args("h:1 --kinds a,b --once --name n --key-file f").unwrap();
        assert_eq!((w.server.as_str(), w.once), ("h:1", true));
        assert_eq!(w.kinds.as_deref(), Some("a,b"));
        assert!(args("--once").unwrap_err().contains("HOST:PORT"));
        assert!(args("h:1 --kinds").unwrap_err().contains("needs a value"));
        assert!(args("h:1 --twice").unwrap_err().contains("--twice"));
    }

    #[test]
    fn kinds_must_fit() {
        let (little, much) = (2_000_000_000, 9_000_000_000);
        assert_eq!(choose::<Nobody>(None, much).unwrap(), ["a/small@1", "a/large@1"]);
        assert_eq!(choose::<Nobody>(None, little).unwrap(), ["a/small@1"]);
        assert_eq!(choose::<Nobody>(Some("a/small@1"), little).unwrap(), ["a/small@1"]);
        let why = choose::<Nobody>(Some("a/small@1,a/large@1"), little).unwrap_err();
        assert_eq!(why, "a/large@1 needs 8.0 GB, 2.0 GB are available: 6.0 GB are missing");
        assert!(choose::<Nobody>(None, 1).unwrap_err().contains("not enough"));
        assert!(choose::<Nobody>(Some("a/other@1"), much).unwrap_err().contains("a/large@1"));
    }
}

//! A PostgreSQL of a bench's own.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use std::{env, io};

use nix::unistd::{Uid, User};
use tempfile::TempDir;

use super::process::{Process, output, time};
use super::{Result, temporary_folder};

/// A PostgreSQL, which ends with this process, however this process ends: its keeper waits for the
/// end of a pipe.
pub struct Cluster {
    /// Where it is gone afterwards.
    _temporary: Option<TempDir>,
    data: PathBuf,
    reach: Reach,
    programs: PathBuf,
    keeper: Child,
}

/// How clients come to it.
enum Reach {
    /// The folder of the socket, which nobody else may enter.
    Socket(PathBuf),
    Port {
        port: u16,
        password: String,
    },
}

impl Cluster {
    /// One with its default settings, on a unix socket, that is gone afterwards.
    pub fn temporary() -> Result<Self> {
        let folder = temporary_folder()?;
        let data = folder.path().to_owned();
        let user = Unprivileged::find()?;
        user.own(&data)?;
        let programs = programs()?;
        let mut initdb = user.command(&programs.join("initdb"));
        initdb.args(["--username=shotlist", "--auth=trust", "--encoding=UTF8", "--locale=C", "-D"]);
        output(initdb.arg(&data))?;
        let reach = Reach::Socket(data.clone());
        Self::start(&user, programs, data, reach, Some(folder), &[])
    }

    /// One on a port, for one address of this computer, whose data stay in the folder.
    pub fn kept(folder: &Path, settings: &[String]) -> Result<Self> {
        let (data, password_file) = (folder.join("data"), folder.join("password"));
        let user = Unprivileged::find()?;
        let programs = programs()?;
        if !data.join("PG_VERSION").exists() {
            fs::create_dir_all(folder)?;
            user.own(folder)?;
            fs::write(&password_file, password()?)?;
            fs::set_permissions(&password_file, Permissions::from_mode(0o600))?;
            user.own(&password_file)?;
            let mut initdb = user.command(&programs.join("initdb"));
            initdb.args(["--username=shotlist", "--auth=scram-sha-256", "--encoding=UTF8"]);
            initdb.args(["--locale=C", "--pwfile"]).arg(&password_file).arg("-D").arg(&data);
            output(&mut initdb)?;
        }
        let password = fs::read_to_string(password_file)?;
        let port = free_port()?;
        Self::start(&user, programs, data, Reach::Port { port, password }, None, settings)
    }

    fn start(
        user: &Unprivileged,
        programs: PathBuf,
        data: PathBuf,
        reach: Reach,
        temporary: Option<TempDir>,
        settings: &[String],
    ) -> Result<Self> {
        // No arguments in the script: paths are passed beside it. A group of its own, which an
        // interrupt from the keyboard does not reach.
        let script = r#"data=$1; program=$2; rest=$3; shift 3; "$program" -D "$data" "$@" >"$data/log" 2>&1 & read -r _; kill -INT $!; wait $!; [ "$rest" = keep ] || rm -rf "$data""#;
        let mut keeper = user.command(Path::new("sh"));
        keeper.args(["-c", script, "keeper"]).arg(&data).arg(programs.join("postgres"));
        keeper.arg(if temporary.is_some() { "remove" } else { "keep" });
        match &reach {
            Reach::Socket(folder) => {
                keeper.arg("-k").arg(folder).args(["-c", "listen_addresses="]);
            }
            Reach::Port { port, .. } => {
                keeper.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
                keeper.args(["-p", &port.to_string()]);
            }
        }
        for setting in settings {
            keeper.args(["-c", setting]);
        }
        let keeper = keeper.stdin(Stdio::piped()).stderr(Stdio::null()).process_group(0).spawn()?;
        let cluster = Self { _temporary: temporary, data, reach, programs, keeper };
        // After a crash it first makes up for what it had not written.
        let mut tries = 0..600;
        loop {
            match cluster.sql("postgres", "SELECT 1") {
                Ok(_) => return Ok(cluster),
                Err(_) if tries.next().is_some() => sleep(Duration::from_millis(50)),
                Err(error) => {
                    let log = fs::read_to_string(cluster.data.join("log"));
                    return Err(format!("{error}\n{}", log.unwrap_or_default()).into());
                }
            }
        }
    }

    /// Where a database of it is.
    pub fn url(&self, database: &str) -> String {
        match &self.reach {
            Reach::Socket(folder) => {
                format!("postgres:///{database}?host={}&user=shotlist", folder.display())
            }
            Reach::Port { port, password } => {
                format!("postgres://shotlist:{password}@127.0.0.1:{port}/{database}")
            }
        }
    }

    /// What a statement returns, as text.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--username=shotlist"]);
        psql.args(["--dbname", database, "--command", sql, "--host"]);
        match &self.reach {
            Reach::Socket(folder) => psql.arg(folder),
            Reach::Port { port, password } => {
                psql.args(["127.0.0.1", "--port", &port.to_string()]).env("PGPASSWORD", password)
            }
        };
        Ok(output(&mut psql)?.trim().to_owned())
    }

    pub fn version(&self) -> Result<String> {
        let version = self.sql("postgres", "SHOW server_version")?;
        Ok(format!("PostgreSQL {}", version.split(' ').next().unwrap_or_default()))
    }

    /// The CPU time that it has used so far, once nobody is connected to it.
    pub fn cpu_when_left(&self) -> Result<Duration> {
        let postmaster = self.postmaster()?;
        loop {
            let before = Process::read(postmaster).ok_or("PostgreSQL has ended")?;
            let children = Process::children(postmaster)?;
            let is_idle = !children.iter().any(serves);
            // A child that ended in between would be in neither sum, or in both.
            let after = Process::read(postmaster).ok_or("PostgreSQL has ended")?;
            if is_idle && after.reaped_ticks == before.reaped_ticks {
                let children: u64 = children.iter().map(|child| child.ticks).sum();
                return time(children + after.ticks + after.reaped_ticks);
            }
            sleep(Duration::from_millis(10));
        }
    }

    /// The CPU time that it has used so far for connections, of now and before.
    pub fn cpu_of_connections(&self) -> Result<Duration> {
        let postmaster = self.postmaster()?;
        loop {
            let before = Process::read(postmaster).ok_or("PostgreSQL has ended")?;
            let children = Process::children(postmaster)?;
            let after = Process::read(postmaster).ok_or("PostgreSQL has ended")?;
            if after.reaped_ticks == before.reaped_ticks {
                let serving = children.iter().filter(|child| serves(child));
                return time(serving.map(|child| child.ticks).sum::<u64>() + after.reaped_ticks);
            }
        }
    }

    fn postmaster(&self) -> Result<u32> {
        let file = fs::read_to_string(self.data.join("postmaster.pid"))?;
        Ok(file.lines().next().unwrap_or_default().parse()?)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Whether a process of PostgreSQL works for a connection: its title tells from where that comes.
fn serves(process: &Process) -> bool {
    let title = process.title();
    ["[local]", "127.0.0.1(", "parallel worker"].iter().any(|mark| title.contains(mark))
}

/// PostgreSQL refuses to run as root, so somebody else may have to.
struct Unprivileged(Option<User>);

impl Unprivileged {
    fn find() -> Result<Self> {
        Ok(Self(match Uid::effective().is_root() {
            false => None,
            true => User::from_name("postgres")?.or(User::from_name("nobody")?),
        }))
    }

    fn own(&self, path: &Path) -> io::Result<()> {
        match &self.0 {
            Some(user) => chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())),
            None => Ok(()),
        }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/");
        if let Some(user) = &self.0 {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }
}

/// Other users of the computer could come to the port, too.
fn password() -> Result<String> {
    let mut bytes = [0_u8; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A port of this computer that nobody listens on.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn programs() -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&path).collect();
    match fs::read_dir("/usr/lib/postgresql") {
        Ok(versions) => {
            let mut versions: Vec<_> =
                versions.flatten().map(|entry| entry.path().join("bin")).collect();
            versions.sort();
            folders.extend(versions.into_iter().rev());
        }
        Err(error) if error.kind() == ErrorKind::NotFound => (),
        Err(error) => return Err(error.into()),
    }
    let has_all = |folder: &PathBuf| {
        ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).exists())
    };
    let found = folders.into_iter().find(has_all).ok_or(
        "PostgreSQL's programs initdb, postgres and psql are missing: apt-get install postgresql",
    )?;
    // A link in the PATH stands for the folder where the program has its libraries.
    let real = fs::canonicalize(found.join("initdb"))?;
    Ok(real.parent().ok_or("initdb lies nowhere")?.to_owned())
}

//! A mail server whose replies a test scripts, byte for byte.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The reply to a line; `None`: the usual one.
type Script = Box<dyn Fn(&str) -> Option<&'static [u8]> + Send + Sync>;

/// The server. It stops when dropped.
pub(crate) struct ScriptedSmtp {
    port: u16,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

struct Shared {
    script: Mutex<Script>,
    commands: Mutex<Vec<String>>,
}

impl ScriptedSmtp {
    pub(crate) async fn start(
        script: impl Fn(&str) -> Option<&'static [u8]> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script: Script = Box::new(script);
        let shared = Arc::new(Shared { script: Mutex::new(script), commands: Mutex::default() });
        let mut server = JoinSet::new();
        let serving = Arc::clone(&shared);
        server.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(converse(stream, Arc::clone(&serving)));
            }
        });
        Self { port, shared, _server: server }
    }

    /// Replaces the script.
    pub(crate) fn script(
        &self,
        script: impl Fn(&str) -> Option<&'static [u8]> + Send + Sync + 'static,
    ) {
        *self.shared.script.lock().unwrap() = Box::new(script);
    }

    /// The commands so far, without the mails.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.shared.commands.lock().unwrap().clone()
    }

    /// The number of mails that were sent.
    pub(crate) fn mails(&self) -> usize {
        self.commands().iter().filter(|line| *line == "DATA").count()
    }

    /// Settings for a service that uses this server.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("MAIL__HOST", "127.0.0.1".to_owned()),
            ("MAIL__PORT", self.port.to_string()),
            ("MAIL__TLS", "none".to_owned()),
            ("MAIL__FROM", "ForteLeasing <no-reply@forte.test>".to_owned()),
        ]
    }
}

async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    let greeting = shared.reply("");
    writing.write_all(greeting).await.unwrap();
    let mut is_mail = false;
    while let Ok(Some(line)) = lines.next_line().await {
        if is_mail && line != "." {
            continue;
        }
        is_mail = false;
        let reply = shared.reply(&line);
        if line != "." {
            shared.commands.lock().unwrap().push(line);
        }
        is_mail |= reply.starts_with(b"354");
        if writing.write_all(reply).await.is_err() {
            return;
        }
    }
}

impl Shared {
    fn reply(&self, line: &str) -> &'static [u8] {
        if let Some(reply) = (self.script.lock().unwrap())(line) {
            return reply;
        }
        match line.split(' ').next().unwrap() {
            "" => b"220 ready\r\n",
            "EHLO" => b"250-mail.test\r\n250 8BITMIME\r\n",
            "DATA" => b"354 go on\r\n",
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        }
    }
}

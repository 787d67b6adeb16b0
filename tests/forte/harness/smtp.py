"""A mail server with scripted replies. Takes its options as one JSON argument; writes one JSON line
with its port, and one for each mail it has received completely, whatever the reply.

port                 0: any free port
tls                  none, starttls (required) or tls
certificate, key     PEM files, for TLS
user, password       required credentials; absent: no login
replies              replies to the next mails, in order: a line of SMTP, or hang; then all are accepted
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

options = json.loads(sys.argv[1])
replies = list(options.get("replies", []))


def write_line(**line):
    print(json.dumps(line), flush=True)


def part(message, kind):
    body = message.get_body((kind,))
    return body.get_content() if body else None


class Handler:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        reply = replies.pop(0) if replies else "250 2.0.0 accepted"
        write_line(
            sender=envelope.mail_from,
            to=envelope.rcpt_tos,
            encrypted=session.ssl is not None or options["tls"] == "tls",
            user=session.auth_data if session.authenticated else None,
            headers={name.lower(): str(value) for name, value in message.items()},
            text=part(message, "plain"),
            html=part(message, "html"),
            reply=reply,
        )
        if reply == "hang":
            await asyncio.sleep(3600)
        return reply


def authenticate(server, session, envelope, mechanism, data):
    valid = (data.login.decode(), data.password.decode()) == (options["user"], options["password"])
    return AuthResult(success=valid, handled=False, auth_data=data.login.decode())


def server():
    context = None
    if options["tls"] != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options["certificate"], options["key"])
    requires_login = options.get("user") is not None
    start = options["tls"] == "starttls"
    smtp = SMTP(
        Handler(),
        hostname="mail.example.test",
        tls_context=context if start else None,
        require_starttls=start,
        authenticator=authenticate if requires_login else None,
        auth_required=requires_login,
        auth_require_tls=False,
    )
    return smtp, context if options["tls"] == "tls" else None


async def main():
    _, context = server()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: server()[0], "127.0.0.1", options.get("port", 0), ssl=context
    )
    write_line(port=listening.sockets[0].getsockname()[1])
    await listening.serve_forever()


asyncio.run(main())

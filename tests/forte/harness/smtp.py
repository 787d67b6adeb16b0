"""A mail server that does as it is told. Takes one JSON argument, the plan; writes one JSON line for
where it listens and one for each letter it has heard to its end, whatever it answered.

port                 where to listen; 0: anywhere
tls                  none, starttls (required) or tls
certificate, key     PEM files, for TLS
user, password       who must sign in; left out: nobody
replies              answers to the next letters, in order: a line of SMTP, or hang; then all are taken
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

plan = json.loads(sys.argv[1])
replies = list(plan.get("replies", []))


def say(**line):
    print(json.dumps(line), flush=True)


def part(message, kind):
    body = message.get_body((kind,))
    return body.get_content() if body else None


class Handler:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        reply = replies.pop(0) if replies else "250 2.0.0 taken"
        say(
            sender=envelope.mail_from,
            to=envelope.rcpt_tos,
            encrypted=session.ssl is not None or plan["tls"] == "tls",
            user=session.auth_data if session.authenticated else None,
            headers={name.lower(): str(value) for name, value in message.items()},
            text=part(message, "plain"),
            html=part(message, "html"),
            reply=reply,
        )
        if reply == "hang":
            await asyncio.sleep(3600)
        return reply


def known(server, session, envelope, mechanism, data):
    good = (data.login.decode(), data.password.decode()) == (plan["user"], plan["password"])
    return AuthResult(success=good, handled=False, auth_data=data.login.decode())


def server():
    context = None
    if plan["tls"] != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(plan["certificate"], plan["key"])
    guarded = plan.get("user") is not None
    start = plan["tls"] == "starttls"
    smtp = SMTP(
        Handler(),
        hostname="mail.example.test",
        tls_context=context if start else None,
        require_starttls=start,
        authenticator=known if guarded else None,
        auth_required=guarded,
        auth_require_tls=False,
    )
    return smtp, context if plan["tls"] == "tls" else None


async def main():
    _, context = server()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: server()[0], "127.0.0.1", plan.get("port", 0), ssl=context
    )
    say(port=listening.sockets[0].getsockname()[1])
    await listening.serve_forever()


asyncio.run(main())

"""What goes over the wire, and to whom: nobody but the one who is meant, and no more than is meant."""

import asyncio
import datetime as dt
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.clients.http.failures import CannotConnect
from gateway.clients.http.pool import Pool
from tests.clients.http.legacy_server import MOST_BYTES, echo, serving
from tests.support import free_port


async def test_a_request_on_the_wire(pool: Pool) -> None:
    async with serving(echo) as server:
        query = {"du": "2026-09-01", "a": "é &/+"}
        await pool.request("GET", f"{server.url}/comptes/L%2F1", headers={"Authorization": "a"}, query=query)
        await pool.request("POST", f"{server.url}/ws", headers={"SOAPAction": '"a"'}, body=b"<a/>")
        host = server.url.removeprefix("http://").encode()
        common = b"Host: %b\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\nUser-Agent: tenant-gateway\r\n" % host
        assert server.requests == [
            b"GET /comptes/L%%2F1?du=2026-09-01&a=%%C3%%A9+%%26/%%2B HTTP/1.1\r\n%bAuthorization: a\r\n\r\n" % common,
            b'POST /ws HTTP/1.1\r\n%bSOAPAction: "a"\r\nContent-Length: 4\r\n\r\n<a/>' % common,
        ]


@pytest.mark.parametrize("text", ["a\r\nX: y", "a\nX: y", "a\rX: y", "a\0"])
async def test_a_header_is_never_two(pool: Pool, text: str) -> None:
    async with serving(echo) as server:
        for headers in ({"Authorization": text}, {text: "a"}):
            with pytest.raises(ValueError, match="within a header"):
                await pool.request("GET", f"{server.url}/", headers=headers)
        assert server.requests == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://no.such.host.invalid/", "ftp://127.0.0.1/", "/ws"])
async def test_an_address_that_leads_nowhere(pool: Pool, url: str) -> None:
    with pytest.raises(CannotConnect):
        await pool.request("GET", url.format(port=free_port()), headers={})


async def test_an_address_of_the_sixth_version(pool: Pool) -> None:
    async with serving(echo, host="::1") as server:
        assert (await pool.request("GET", f"{server.url}/a", headers={})).body() == b"a"
        assert server.requests[0].split(b"\r\n")[1] == b"Host: " + server.url.removeprefix("http://").encode()


@pytest.mark.parametrize(("name", "believed"), [("127.0.0.1", True), ("127.0.0.2", True), ("127.0.0.1", False)])
async def test_a_certificate_is_that_of_the_host_and_of_somebody_who_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, believed: bool
) -> None:
    certificate, context = _certificate(tmp_path, name)
    if believed:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    pool = Pool(most_bytes=MOST_BYTES)
    async with serving(echo, tls=context) as server:
        asking = [pool.request("GET", f"{server.url}/{word}", headers={}) for word in "ab"]
        if believed and name == "127.0.0.1":
            assert [(await each).body() for each in asking] == [b"a", b"b"]
        else:
            for outcome in await asyncio.gather(*asking, return_exceptions=True):
                assert isinstance(outcome, CannotConnect)
            assert server.requests == []
        await pool.close()


def _certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate for that address, which vouches for itself, and the server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "legacy")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path, secret = folder / "certificate.pem", folder / "key.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form, no_password = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, no_password))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, secret)
    return path, context

"""Certificates for tests: authorities, and what they vouch for."""

import datetime
import ipaddress
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = ('127.0.0.1',)
_FOR_SIGNING = x509.KeyUsage(
    digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
    key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False)


class Authority:
    def __init__(self, folder, name='authority'):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f'{name}.pem'
        _write(self.file, self._sign(self._name, self._key.public_key(), (-1, 365), [
            (x509.BasicConstraints(True, None), True), (_FOR_SIGNING, True)]))

    def issue(self, name, hosts=(), ips=LOOPBACK, days=(-1, 365), password=None):
        """An identity; days: from when to when it is good; a second one of a name replaces it."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(host) for host in hosts]
        names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips]
        cert = self._sign(_named(name), key.public_key(), days,
                          [(x509.SubjectAlternativeName(names), False)] if names else [])
        identity = Identity(self.folder / f'{name}.pem', self.folder / f'{name}.key', self.file)
        hide = (serialization.BestAvailableEncryption(password.encode()) if password
                else serialization.NoEncryption())
        identity.key.touch(0o600)
        identity.key.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hide))
        _write(identity.cert, cert)
        return identity

    def _sign(self, name, public_key, days, extensions):
        """extensions: each, and whether it is critical; with those that strict clients want."""
        first, last = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=n) for n in days)
        builder = x509.CertificateBuilder(
            self._name, name, public_key, x509.random_serial_number(), first, last)
        for extension, is_critical in [
                *extensions, (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
                (x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False)]:
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(self._key, hashes.SHA256())


class Identity:
    """Files: a certificate, its key, and who vouches for it."""

    def __init__(self, cert, key, ca):
        self.cert, self.key, self.ca = cert, key, ca

    def context(self, shown=True):
        """Of a client that trusts the authority and shows the certificate, unless it is not to."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.ca)
        if shown:
            context.load_cert_chain(self.cert, self.key)
        return context

    def of_a_file(self, port, links=True):
        """Lines of redis.conf or sentinel.conf: TLS alone, at that port."""
        return ('port 0', f'tls-port {port}', f'tls-cert-file {self.cert}',
                f'tls-key-file {self.key}', f'tls-ca-cert-file {self.ca}',
                f'tls-replication {"yes" if links else "no"}')

    def of_yaml(self, address, links=True):
        """Top-level keys: the same."""
        return {'listen': [],
                'tls': {'listen': [address], 'links': 'yes' if links else 'no',
                        'cert': str(self.cert), 'key': str(self.key), 'ca_file': str(self.ca)}}


def _named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _write(path, cert):
    path.write_bytes(cert.public_bytes(serialization.Encoding.PEM))

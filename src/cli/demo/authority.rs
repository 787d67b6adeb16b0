//! The demo's own certificate authority: a phone that trusts it opens the demo over https.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, date_time_ymd,
};

const AUTHORITY: &str = "ca.pem";
const AUTHORITY_KEY: &str = "ca-key.pem";
const CERTIFICATE: &str = "certificate.pem";
const CERTIFICATE_KEY: &str = "certificate-key.pem";
const LOCALHOST: &str = "localhost";
/// Networks whose addresses the authority may certify, as address and prefix length (RFC 1918, 6598, 3927,
/// loopback). With these name constraints, a stolen key cannot be used to impersonate a public site.
const NETWORKS: [([u8; 4], u8); 6] = [
    ([10, 0, 0, 0], 8),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    ([100, 64, 0, 0], 10),
    ([169, 254, 0, 0], 16),
    ([127, 0, 0, 0], 8),
];
/// A new certificate is issued at each start.
const VALIDITY: SignedDuration = SignedDuration::from_hours(24 * 30);
const AUTHORITY_VALIDITY: SignedDuration = SignedDuration::from_hours(24 * 730);
/// Clocks of phones differ.
const LEEWAY: SignedDuration = SignedDuration::from_hours(48);

/// The certificates of a demo over https.
pub(super) struct Certificates {
    /// The authority's certificate to install on a phone, in PEM.
    pub(super) authority: String,
    pub(super) cert_file: PathBuf,
    pub(super) key_file: PathBuf,
}

/// Issues a certificate for this address. The authority is read from the folder, or created there.
pub(super) fn issue(folder: &Path, ip: IpAddr, now: Timestamp) -> anyhow::Result<Certificates> {
    let IpAddr::V4(v4) = ip else { bail!("demo --tls needs an IPv4 address; {ip} is not one") };
    if !is_certified(v4) {
        bail!(
            "demo --tls is for phones in a private network, but {ip} is a public address; use --listen with a \
             private address, or set http.tls.cert_file and http.tls.key_file"
        );
    }
    let (authority, issuer) = load_or_create(folder, now)?;
    let key = KeyPair::generate()?;
    let addresses = [ip, Ipv4Addr::LOCALHOST.into()].map(|ip| ip.to_string());
    let names = [LOCALHOST.to_owned()].into_iter().chain(addresses).collect::<Vec<_>>();
    let mut certificate = CertificateParams::new(names)?;
    certificate.distinguished_name = name("forte-media demo");
    certificate.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    certificate.use_authority_key_identifier_extension = true;
    set_validity(&mut certificate, now, VALIDITY);
    let certificate = certificate.signed_by(&key, &issuer)?;
    Ok(Certificates {
        authority,
        cert_file: write(&folder.join(CERTIFICATE), &certificate.pem())?,
        key_file: write(&folder.join(CERTIFICATE_KEY), &key.serialize_pem())?,
    })
}

/// The address at which phones in the network reach a listener on all interfaces; loopback without a network.
pub(super) fn address_in_network(listen: IpAddr) -> IpAddr {
    if !listen.is_unspecified() {
        return listen;
    }
    // Connecting a UDP socket selects a local address without sending anything.
    let local = || -> std::io::Result<IpAddr> {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        Ok(socket.local_addr()?.ip())
    };
    local().unwrap_or(Ipv4Addr::LOCALHOST.into())
}

fn is_certified(ip: Ipv4Addr) -> bool {
    NETWORKS.iter().any(|(network, prefix)| {
        let shift = 32 - u32::from(*prefix);
        ip.to_bits() >> shift == Ipv4Addr::from(*network).to_bits() >> shift
    })
}

fn load_or_create(
    folder: &Path,
    now: Timestamp,
) -> anyhow::Result<(String, Issuer<'static, KeyPair>)> {
    let (certificate, key) = (folder.join(AUTHORITY), folder.join(AUTHORITY_KEY));
    match (fs::read_to_string(&certificate), fs::read_to_string(&key)) {
        (Ok(pem), Ok(key)) => {
            Ok((pem, Issuer::new(authority_params(now), KeyPair::from_pem(&key)?)))
        }
        (Err(error), _) | (_, Err(error)) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| folder.display().to_string())
        }
        _ => {
            let (pair, params) = (KeyPair::generate()?, authority_params(now));
            let pem = params.self_signed(&pair)?.pem();
            write(&key, &pair.serialize_pem())?;
            write(&certificate, &pem)?;
            Ok((pem, Issuer::new(params, pair)))
        }
    }
}

/// The same in every run except for the dates: certificates refer to their issuer by its name and key.
fn authority_params(now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("forte-media demo authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let networks = NETWORKS.map(|(address, prefix)| {
        GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(address, prefix))
    });
    let mut permitted_subtrees = Vec::from(networks);
    permitted_subtrees.push(GeneralSubtree::DnsName(LOCALHOST.to_owned()));
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    set_validity(&mut params, now, AUTHORITY_VALIDITY);
    params
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

/// Rounds both ends down to days, because `date_time_ymd` takes no time of day.
fn set_validity(params: &mut CertificateParams, now: Timestamp, time: SignedDuration) {
    let day = |at: Timestamp| {
        let date = at.to_zoned_datetime(TimeZone::UTC).date();
        let [month, day] = [date.month(), date.day()].map(i8::unsigned_abs);
        date_time_ymd(date.year().into(), month, day)
    };
    params.not_before = day(now - LEEWAY);
    params.not_after = day(now + time);
}

/// Writes a file that only its owner can read, or replaces it.
fn write(path: &Path, pem: &str) -> anyhow::Result<PathBuf> {
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let written = open.and_then(|mut file| file.write_all(pem.as_bytes()));
    written.with_context(|| path.display().to_string())?;
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_private_networks_are_certified() {
        let folder = tempfile::tempdir().unwrap();
        let now = "2026-11-30T05:00:00Z".parse().unwrap();
        let issue = |ip: &str| issue(folder.path(), ip.parse().unwrap(), now);
        let first = issue("192.168.1.20").unwrap();
        assert_eq!(issue("172.31.255.1").unwrap().authority, first.authority);
        for ip in ["192.169.1.20", "172.32.0.1", "8.8.8.8", "2001:db8::1"] {
            let error = issue(ip).err().unwrap().to_string();
            assert!(error.starts_with("demo --tls") && error.contains(ip), "{error}");
        }
    }
}

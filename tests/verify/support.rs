//! Keys, tokens and rules for the tests of verification. Others sign: jwt-compact the HMACs, RustCrypto the rest.

use std::sync::OnceLock;

use jwt_compact::alg::{Hs256, Hs256Key, Hs384, Hs384Key, Hs512, Hs512Key};
use jwt_compact::{Algorithm as _, AlgorithmSignature as _};
use ml_dsa::{ExpandedSigningKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams};
use p256::ecdsa::signature::Signer as _;
use rsa::{BoxedUint, Pkcs1v15Sign, PrivateKey, Pss};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use tokenward::jwt::host::{self, Attempt, HostEngine, HostKeyId, HostVerdict, SignatureCheck};
use tokenward::jwt::{
    Accept, Algorithm, ImportOptions, JwsRules, KeySet, Keys, Rules, VerificationKey, Verified, Verifier,
};
use tokenward::{Error, NumericDate, Reason, base64url};

pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const AUDIENCE: &str = "https://api.test";
/// A moment that every test can stand on, in seconds.
pub(crate) const NOW: u32 = 1_800_000_000;

/// The secret behind the HMAC signers: long enough for every hash.
pub(crate) const SECRET: [u8; 64] = *b"a secret of sixty-four bytes, as long as the longest hash there ";

/// The scalar or seed behind the EC and Ed25519 signers.
const SCALAR: [u8; 32] = [7; 32];

/// The primes of an RSA key for tests.
const P: &str = "2qRuBampJEGkftUmDRD0bSkSkx_z_o_Savaj0q4RGl3F5J31ZVn95yIJRmjxsR49eTC_DksUY82AHWZfUT3VWZG_UA8O9q0ZFypcGCx8q\
    DTke-h69wbdKXgZElxX0sewmNmw64ewy23Lj3H_KO0J_661HCxV8JsO8zOqVN1h67c";
const Q: &str = "ukupzov4Tq78CFM69PPQejg19MIqaphoY2cm1YLrvHjvkc-4-Tlvv-i-IMXF_97fgjO11gXKFiq8dhB-fmJvIdsWMRKvLR0kZtPiVOcbJ\
    8MtVg0vRsJtyHZH97CKh7HXjJsINdpiVADG7yUV547HhSEQEEe26Xyqr0bM5RMGjIM";
/// Their product.
pub(crate) const N: &str = "nxwXI01rOK-07ocMe6YraBHUcRITy3ktXa17jLpeOhK1ZKtjcZW3PqFhClNbP-DtcXJRcv2ITU6yH6fJvEcZEI5ibG9zTlqSdL-a4Uo\
    kgdEZES-2YzUkrv_zVgqn-CRNtvFIosZ9n33Ux9ot2mmqCrs27d9gOavqeK71Vi_fBfcw8DeJU0ZdukpSEQ3170Br1aRuutpSsz_BgDiq-C0gV_Z\
    lh1pUXMJlL9K1JHXQn-7UCI3r3VQJO7pc6Mqmnz41MABWR2_cZFnDTxoVuXz_KzY7h0C1gvjx_yI6F_s27xfZhS3Bm024rR43Wv8K3_9yWmcbnbG\
    RsUOcebX78U2ypQ";

/// Every algorithm that can be verified here.
#[cfg(not(feature = "ml-dsa"))]
pub(crate) const ALGORITHMS: [Algorithm; 15] = CLASSICAL;
/// Every algorithm that can be verified here.
#[cfg(feature = "ml-dsa")]
pub(crate) const ALGORITHMS: [Algorithm; 18] = {
    let mut all = [Algorithm::MlDsa44; 18];
    let (classical, ml_dsa) = all.split_at_mut(15);
    classical.copy_from_slice(&CLASSICAL);
    ml_dsa.copy_from_slice(&ML_DSA);
    all
};

pub(crate) const ML_DSA: [Algorithm; 3] = [Algorithm::MlDsa44, Algorithm::MlDsa65, Algorithm::MlDsa87];

const CLASSICAL: [Algorithm; 15] = [
    Algorithm::Hs256,
    Algorithm::Hs384,
    Algorithm::Hs512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Es256,
    Algorithm::Es256k,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::EdDsa,
    Algorithm::Ed25519,
];

pub(crate) fn now() -> NumericDate {
    NumericDate::new(f64::from(NOW)).unwrap()
}

/// A moment so many seconds from [`NOW`].
pub(crate) fn at(seconds: f64) -> NumericDate {
    NumericDate::new(f64::from(NOW) + seconds).unwrap()
}

/// Claims that [`rules`] accept.
pub(crate) fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": NOW - 10, "exp": NOW + 60 })
}

/// [`claims`] with one of them replaced; JSON null stays a null.
pub(crate) fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

/// [`claims`] without one of them.
pub(crate) fn claims_without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

pub(crate) fn rules() -> Rules {
    Rules::new(Accept::only(ISSUER), Accept::only(AUDIENCE))
}

/// The rules of `rules`, but for this change.
pub(crate) fn rules_with(change: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = rules();
    change(&mut rules);
    rules
}

/// The same token with another signature of the same length.
pub(crate) fn tampered(token: &str) -> String {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{input}.{flipped}{}", &signature[1..])
}

pub(crate) fn rules_for(algorithm: Algorithm) -> Rules {
    let mut rules = rules();
    rules.algorithms = Some(vec![algorithm]);
    rules
}

/// The token of these two JSON texts, with this signature.
pub(crate) fn assemble(header: &[u8], payload: &[u8], signature: &[u8]) -> String {
    [header, payload, signature].map(base64url::encode).join(".")
}

fn uint(text: &str) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(&base64url::decode(text.as_bytes()).unwrap())
}

pub(crate) fn rsa_key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::from_p_q(uint(P), uint(Q), BoxedUint::from(65_537_u64)).unwrap())
}

/// The scalar for P-521, two bytes wider than one for P-384 and two more than for P-256.
fn scalar(width: usize) -> Vec<u8> {
    let mut scalar = vec![0; width];
    scalar[width - 32..].copy_from_slice(&SCALAR);
    scalar
}

/// The signature over `message` under `algorithm`.
pub(crate) fn sign(algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Hs256 => Hs256.sign(&Hs256Key::new(SECRET), message).as_bytes().into_owned(),
        Algorithm::Hs384 => Hs384.sign(&Hs384Key::new(SECRET), message).as_bytes().into_owned(),
        Algorithm::Hs512 => Hs512.sign(&Hs512Key::new(SECRET), message).as_bytes().into_owned(),
        Algorithm::Rs256 => rsa_key().sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message)).unwrap(),
        Algorithm::Rs384 => rsa_key().sign(Pkcs1v15Sign::new::<Sha384>(), &Sha384::digest(message)).unwrap(),
        Algorithm::Rs512 => rsa_key().sign(Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(message)).unwrap(),
        Algorithm::Ps256 => rsa_key().sign(Pss::<Sha256>::new(), &Sha256::digest(message)).unwrap(),
        Algorithm::Ps384 => rsa_key().sign(Pss::<Sha384>::new(), &Sha384::digest(message)).unwrap(),
        Algorithm::Ps512 => rsa_key().sign(Pss::<Sha512>::new(), &Sha512::digest(message)).unwrap(),
        Algorithm::Es256 => {
            let signature: p256::ecdsa::Signature = p256_key().sign(message);
            signature.to_bytes().to_vec()
        }
        Algorithm::Es256k => {
            let signature: k256::ecdsa::Signature = k256_key().sign(message);
            signature.to_bytes().to_vec()
        }
        Algorithm::Es384 => {
            let key = p384::ecdsa::SigningKey::from_slice(&scalar(48)).unwrap();
            let signature: p384::ecdsa::Signature = key.sign(message);
            signature.to_bytes().to_vec()
        }
        Algorithm::Es512 => {
            let key = p521::ecdsa::SigningKey::from_slice(&scalar(66)).unwrap();
            let signature: p521::ecdsa::Signature = key.sign(message);
            signature.to_bytes().to_vec()
        }
        Algorithm::EdDsa | Algorithm::Ed25519 => {
            ed25519_dalek::SigningKey::from_bytes(&SCALAR).sign(message).to_bytes().to_vec()
        }
        Algorithm::MlDsa44 => ml_dsa_sign::<MlDsa44>(message),
        Algorithm::MlDsa65 => ml_dsa_sign::<MlDsa65>(message),
        Algorithm::MlDsa87 => ml_dsa_sign::<MlDsa87>(message),
        other => panic!("no signer for {other}"),
    }
}

pub(crate) fn p256_key() -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&SCALAR).unwrap()
}

pub(crate) fn k256_key() -> k256::ecdsa::SigningKey {
    k256::ecdsa::SigningKey::from_slice(&SCALAR).unwrap()
}

fn ml_dsa_sign<P: MlDsaParams>(message: &[u8]) -> Vec<u8> {
    ExpandedSigningKey::<P>::from_seed(&SCALAR.into())
        .sign_deterministic(message, &[])
        .unwrap()
        .encode()
        .to_vec()
}

fn akp_jwk<P: MlDsaParams>(alg: Algorithm) -> Value {
    let public = ExpandedSigningKey::<P>::from_seed(&SCALAR.into()).verifying_key().encode();
    json!({ "kty": "AKP", "alg": alg.name(), "pub": base64url::encode(&public) })
}

fn ec_jwk(curve: &str, point: &[u8]) -> Value {
    let (x, y) = point[1..].split_at((point.len() - 1) / 2);
    json!({ "kty": "EC", "crv": curve, "x": base64url::encode(x), "y": base64url::encode(y) })
}

/// The JWK that verifies what [`sign`] signs, without `kid`, and without `alg` where it need not have one.
pub(crate) fn jwk(algorithm: Algorithm) -> Value {
    match algorithm {
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => {
            json!({ "kty": "oct", "k": base64url::encode(&SECRET) })
        }
        Algorithm::Es256 => ec_jwk("P-256", p256_key().verifying_key().to_sec1_point(false).as_bytes()),
        Algorithm::Es256k => ec_jwk("secp256k1", k256_key().verifying_key().to_sec1_point(false).as_bytes()),
        Algorithm::Es384 => {
            let key = p384::ecdsa::SigningKey::from_slice(&scalar(48)).unwrap();
            ec_jwk("P-384", key.verifying_key().to_sec1_point(false).as_bytes())
        }
        Algorithm::Es512 => {
            let key = p521::ecdsa::SigningKey::from_slice(&scalar(66)).unwrap();
            ec_jwk("P-521", key.verifying_key().to_sec1_point(false).as_bytes())
        }
        Algorithm::EdDsa | Algorithm::Ed25519 => {
            let point = ed25519_dalek::SigningKey::from_bytes(&SCALAR).verifying_key().to_bytes();
            json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url::encode(&point) })
        }
        Algorithm::MlDsa44 => akp_jwk::<MlDsa44>(algorithm),
        Algorithm::MlDsa65 => akp_jwk::<MlDsa65>(algorithm),
        Algorithm::MlDsa87 => akp_jwk::<MlDsa87>(algorithm),
        _ => json!({ "kty": "RSA", "n": N, "e": "AQAB" }),
    }
}

/// [`jwk`] with one member set.
pub(crate) fn jwk_with(algorithm: Algorithm, name: &str, value: Value) -> Value {
    let mut jwk = jwk(algorithm);
    jwk[name] = value;
    jwk
}

/// [`jwk`] with its `alg` and this `kid`.
pub(crate) fn named_jwk(algorithm: Algorithm, kid: &str) -> Value {
    let mut jwk = jwk(algorithm);
    jwk["alg"] = algorithm.name().into();
    jwk["kid"] = kid.into();
    jwk
}

pub(crate) fn import(jwk: &Value) -> Result<VerificationKey, Error> {
    VerificationKey::from_jwk(jwk.to_string().as_bytes(), ImportOptions::default())
}

/// The key that verifies what [`sign`] signs, bound to `algorithm`.
pub(crate) fn key(algorithm: Algorithm) -> VerificationKey {
    import(&jwk_with(algorithm, "alg", algorithm.name().into())).unwrap()
}

pub(crate) fn key_set(jwks: &[Value]) -> KeySet {
    KeySet::from_jwks(json!({ "keys": jwks }).to_string().as_bytes()).unwrap()
}

/// A token of exactly these two texts, signed.
pub(crate) fn sign_text(algorithm: Algorithm, header: &[u8], payload: &[u8]) -> String {
    let input = [header, payload].map(base64url::encode).join(".");
    let signature = base64url::encode(&sign(algorithm, input.as_bytes()));
    format!("{input}.{signature}")
}

/// A token with this header and these claims, signed.
pub(crate) fn sign_json(algorithm: Algorithm, header: &Value, claims: &Value) -> String {
    sign_text(algorithm, header.to_string().as_bytes(), claims.to_string().as_bytes())
}

/// A token with no other header parameter than `alg`.
pub(crate) fn token(algorithm: Algorithm, claims: &Value) -> String {
    sign_json(algorithm, &json!({ "alg": algorithm.name() }), claims)
}

/// What a verifier with these rules and keys says at [`NOW`].
pub(crate) fn verify(token: &str, keys: impl Into<Keys>, rules: Rules) -> Result<Verified, Error> {
    Verifier::new(rules, keys)?.verify(token, now())
}

/// What the rules say of an ES256 token with these claims.
pub(crate) fn judge(claims: &Value, rules: Rules) -> Result<Verified, Error> {
    verify(&token(Algorithm::Es256, claims), key(Algorithm::Es256), rules)
}

/// What the default rules say of an ES256 token with this header.
pub(crate) fn judge_header(header: &Value) -> Result<Verified, Error> {
    verify(&sign_json(Algorithm::Es256, header, &claims()), key(Algorithm::Es256), rules())
}

pub(crate) fn claim_error(claim: &str, reason: Reason) -> Option<Error> {
    Some(Error::ClaimInvalid { claim: claim.into(), reason })
}

/// A modulus with the fingerprint of ROCA. One is a power of 65537 modulo every prime, so one more than a multiple of the
/// primes to 167 bears it.
pub(crate) fn roca_modulus() -> Vec<u8> {
    let mut product = vec![1_u8];
    for prime in (3..=167_u16).step_by(2).filter(|n| (2..*n).all(|d| n % d != 0)) {
        let mut carry = 0;
        for digit in product.iter_mut().rev() {
            let value = u16::from(*digit) * prime + carry;
            (*digit, carry) = (value.to_be_bytes()[1], value >> 8);
        }
        product.insert(0, u8::try_from(carry).unwrap());
    }
    let start = product.iter().position(|&digit| digit != 0).unwrap();
    [&product[start..], &[0; 240], &[1]].concat()
}

/// The functions of [`host`], as methods.
pub(crate) trait ForHost {
    fn attempt<'a>(
        &'a self,
        token: &'a [u8],
        now: Result<NumericDate, Error>,
        host: HostEngine<'_>,
    ) -> Attempt<'a>;
    fn start<'a>(&'a self, token: &'a str) -> Result<SignatureCheck<'a>, Error>;
    fn issuer_of_token(&self, token: &[u8]) -> Result<usize, Error>;
    fn is_cached(&self, token: &str) -> bool;
    fn cached_bytes(&self) -> usize;
}

impl ForHost for Verifier {
    fn attempt<'a>(
        &'a self,
        token: &'a [u8],
        now: Result<NumericDate, Error>,
        host: HostEngine<'_>,
    ) -> Attempt<'a> {
        host::attempt(self, token, now, host)
    }

    fn start<'a>(&'a self, token: &'a str) -> Result<SignatureCheck<'a>, Error> {
        host::start(self, token.as_bytes())
    }

    fn issuer_of_token(&self, token: &[u8]) -> Result<usize, Error> {
        host::issuer_of_token(self, token)
    }

    fn is_cached(&self, token: &str) -> bool {
        host::is_cached(self, token)
    }

    fn cached_bytes(&self) -> usize {
        host::cached_bytes(self)
    }
}

/// What a host says of the key that it keeps under this number.
pub(crate) const fn verdict(number: u32, valid: bool) -> HostVerdict<'static> {
    HostVerdict::dangerous_from_host(HostKeyId::Opaque(number), valid)
}

pub(crate) fn jws_rules(algorithms: Option<Vec<Algorithm>>, max_token_length: usize) -> JwsRules {
    let mut rules = JwsRules::new();
    (rules.algorithms, rules.max_token_length) = (algorithms, max_token_length);
    rules
}

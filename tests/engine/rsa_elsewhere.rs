//! RSA with the exponentiation done by another engine: it computes powers, and is never asked if a check of ours fails.

use std::sync::Mutex;

use super::alone::runs_alone;
use num_bigint::BigUint;
use tokenward::base64url;
use tokenward::engine::{Algorithm, RsaEngine, RsaKey, set_rsa_engine, verify};

// RFC 7515 A.2.
const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const MESSAGE: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

/// From the power to what the engine elsewhere says.
type Answer = fn(Vec<u8>) -> Option<Vec<u8>>;

/// What the engine elsewhere answers, and how often it was asked.
struct Elsewhere(Mutex<(Answer, usize)>);

static ELSEWHERE: Elsewhere = Elsewhere(Mutex::new((Some, 0)));

impl RsaEngine for Elsewhere {
    fn power(&self, n: &[u8], e: u64, signature: &[u8]) -> Option<Vec<u8>> {
        let modulus = BigUint::from_bytes_be(n);
        let power = BigUint::from_bytes_be(signature).modpow(&e.into(), &modulus).to_bytes_be();
        let mut encoded = vec![0; n.len() - power.len()];
        encoded.extend(power);
        let mut state = self.0.lock().unwrap();
        state.1 += 1;
        (state.0)(encoded)
    }
}

/// How an engine that answers so judges the signature, and how often it was asked.
fn judged(answer: Answer, signature: &[u8], message: &[u8]) -> (bool, usize) {
    *ELSEWHERE.0.lock().unwrap() = (answer, 0);
    let key = RsaKey::new(&base64url::decode(N.as_bytes()).unwrap(), &[1, 0, 1]).unwrap();
    let holds = verify(Algorithm::Rs256, (&key).into(), message, signature);
    (holds, ELSEWHERE.0.lock().unwrap().1)
}

// One test, because the engine is one for the whole process.
#[test]
fn an_engine_elsewhere_computes_and_decides_nothing() {
    if !runs_alone("rsa_elsewhere::an_engine_elsewhere_computes_and_decides_nothing") {
        return;
    }
    set_rsa_engine(&ELSEWHERE);
    let (good, message) = (base64url::decode(SIGNATURE.as_bytes()).unwrap(), MESSAGE.as_bytes());
    let n = base64url::decode(N.as_bytes()).unwrap();
    let mut forged = good.clone();
    forged[100] ^= 1;

    assert_eq!(judged(Some, &good, message), (true, 1), "its power is used");
    assert_eq!(judged(Some, &forged, message), (false, 1));
    assert_eq!(judged(Some, &good, b"another"), (false, 1));
    assert_eq!(judged(|_| None, &good, message), (true, 1), "where it cannot say, it is computed here");
    assert_eq!(judged(|_| None, &forged, message), (false, 1));
    assert_eq!(
        judged(|power| Some(power[1..].to_vec()), &good, message),
        (true, 1),
        "another length is no answer"
    );
    assert_eq!(judged(|power| Some(vec![0; power.len()]), &good, message), (false, 1), "and so it was asked");

    let out_of_range: [&[u8]; 4] = [&[], &good[1..], &n, &[0xff; 256]];
    for signature in out_of_range {
        assert_eq!(
            judged(Some, signature, message),
            (false, 0),
            "{} bytes: it is not asked",
            signature.len()
        );
    }
    let longer = [&[0], &good[..]].concat();
    assert_eq!(judged(Some, &longer, message), (false, 0), "nor about a signature with a leading zero");
}

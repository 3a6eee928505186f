export const HELP = `tokenward decode  [TOKEN] [--json]
tokenward verify  [TOKEN] KEY RULES [--json]
tokenward explain [TOKEN] KEY RULES [--json]

decode shows what a token says, unverified. verify judges it. explain lists every check.
The token comes from standard input: one given as an argument stays in the shell's history.

KEY, one of
  --key FILE              a public key: JWK (JSON), or PEM (SPKI, PKCS #1, X.509); an oct JWK is a secret
  --jwks FILE|URL         a JWK Set
  --secret FILE           a shared secret: the file's bytes, without one line break at the end
  --secret-env NAME       a shared secret in an environment variable
  (none of these)         the key set that the issuer publishes, found from --issuer
  --encoding utf8|base64url|hex   how a secret is written (utf8)
  --allow-short-secret    a secret shorter than the hash

RULES
  --issuer NAME           who must have issued it; may be repeated      --any-issuer    whoever did
  --audience NAME         for whom it must be; may be repeated          --any-audience  whomever it is for
  --algorithm NAME        what it may be signed with; may be repeated; needed with a secret
  --subject NAME          --typ TYPE          --scope NAME (may be repeated)
  --claim NAME=VALUE      a claim with exactly this value, JSON or text; may be repeated
  --require NAME          a claim that must be there; may be repeated
  --max-age SECONDS       since iat           --tolerance SECONDS  for clocks that differ (0)
  --max-length COUNT      characters (16384)  --no-exp             accept a token without an end
  --now MOMENT            judge as of then: seconds since 1970, or an ISO date

--json      one JSON document on standard output, errors included
--help      this text            --version   the version

Exit code: 0 accepted, or decoded · 1 the token is refused, or cannot be read · 2 the command, the key or a rule
cannot be used · 3 nobody can tell now: the keys could not be fetched, so try again
`;

/** base64url without padding (RFC 4648 §5), of bytes or of a text's UTF-8. */
export function base64url(data: string | Uint8Array | ArrayBuffer): string {
  return btoa(binary(data)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The bytes that a base64url text stands for. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

/** PEM (RFC 7468). */
export function pem(label: string, der: Uint8Array | ArrayBuffer): string {
  const lines = btoa(binary(der)).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function binary(data: string | Uint8Array | ArrayBuffer): string {
  const bytes = typeof data === 'string' ? utf8(data) : new Uint8Array(data);
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

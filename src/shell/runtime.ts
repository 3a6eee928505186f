// Which runtime this is, asked in one place.

/**
 * In workerd I/O belongs to the request that began it, and what another request waits for may never come. Before compatibility
 * date 2022-03-21 it had no `navigator`.
 */
export const IN_WORKERD = 'WebSocketPair' in globalThis || (typeof navigator === 'object' && navigator.userAgent === 'Cloudflare-Workers');

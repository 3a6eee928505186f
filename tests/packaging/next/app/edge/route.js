import { check } from '../../check.js';

export const runtime = 'edge';

export async function GET() {
  return new Response(await check().catch((error) => `FAILED ${error.stack}`));
}

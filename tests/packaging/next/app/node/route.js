import { check } from '../../check.js';

export const dynamic = 'force-dynamic';

export async function GET() {
  return new Response(await check().catch((error) => `FAILED ${error.stack}`));
}

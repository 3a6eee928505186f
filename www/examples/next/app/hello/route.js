// A Next.js route handler.

import { guard } from '../../guard.js';

const hello = (request) => guard().protect((_request, { payload }) => Response.json({ hello: payload.sub }))(request);

// OPTIONS is for CORS preflights, which the guard answers.
export { hello as GET, hello as OPTIONS };

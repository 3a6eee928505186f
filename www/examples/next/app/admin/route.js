import { guard } from '../../guard.js';

const admin = (request) => guard().protect(() => Response.json({ admin: true }), { scopes: ['admin'] })(request);

export { admin as GET, admin as OPTIONS };

// Whether a server speaks GraphQL over HTTP: every audit of graphql-http, of all levels.
//
//     node audits.mjs <url>
//
// Each audit is a line `{"id", "level", "name", "status", "reason"}`; status is ok, warn, notice
// or error.
import { serverAudits } from 'graphql-http';

const [url] = process.argv.slice(2);
for (const audit of serverAudits({ url })) {
  const { status, reason } = await audit.fn();
  const [level] = audit.name.split(' ', 1);
  console.log(JSON.stringify({ id: audit.id, level, name: audit.name, status, reason }));
}

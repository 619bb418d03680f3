// Runs a session with the client of graphql-sse:
// node sse.mjs <url>
import { createClient } from 'graphql-sse';

const [url] = process.argv.slice(2);
const FILM = 'query($t: String!) { film(by: {title: $t}) { id title } }';

/** All results of an operation. */
async function results(client, payload) {
  const all = [];
  for await (const result of client.iterate(payload)) all.push(result);
  return all;
}

const client = createClient({ url, retryAttempts: 0 });
const film = await results(client, { query: FILM, variables: { t: 'Heat' } });
const refused = await results(client, { query: '{ nothing }' });
const queries = Array.from({ length: 20 }, (_, number) => ({
  query: `{ alias${number}: __typename }`,
}));
const answers = await Promise.all(queries.map((payload) => results(client, payload)));
const sideBySide = answers.filter(
  ([answer], number) => answer.data[`alias${number}`] === 'Query',
).length;
client.dispose();

// The mode in which one stream serves all operations begins with a PUT.
const single = createClient({ url, retryAttempts: 0, singleConnection: true });
const singleConnection = await results(single, { query: '{ __typename }' }).then(
  () => 200,
  (error) => error.response.status,
);
console.log(JSON.stringify({ film, refused, sideBySide, singleConnection }));
process.exit(0);

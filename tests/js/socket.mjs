// Runs a session with the client of graphql-ws and provokes the close codes:
// node socket.mjs <url> <url that gives little time to introduce oneself> <url where films wait>
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const [url, hasty, slow] = process.argv.slice(2);
const FILM = 'query($t: String!) { film(by: {title: $t}) { id title } }';

/** The one result of a query. */
function run(client, payload) {
  return new Promise((resolve, reject) => {
    let result;
    client.subscribe(payload, {
      next: (value) => (result = value),
      error: reject,
      complete: () => resolve(result),
    });
  });
}

/** A WebSocket that does to each message what it is told. */
function altered(alter) {
  return class extends WebSocket {
    send(text) {
      for (const message of alter(text)) super.send(message);
    }
  };
}

/** How the server closes the socket of a client that is made and used like this. */
function closed(options, use = (client) => run(client, { query: '{ __typename }' })) {
  return new Promise((resolve) => {
    const client = createClient({
      url,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      on: { closed: ({ code, reason }) => resolve({ code, reason }) },
      ...options,
    });
    Promise.resolve(use(client)).catch(() => {});
  });
}

async function session() {
  let ponged = false;
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: 'Bearer C4NARYtoken' },
    retryAttempts: 0,
    keepAlive: 50,
    lazyCloseTimeout: 1000,
    on: { pong: (received) => (ponged ||= received) },
  });
  const film = await run(client, { query: FILM, variables: { t: 'Heat' } });
  const refused = await run(client, { query: '{ nothing }' }).catch((errors) => errors);
  const queries = Array.from({ length: 20 }, (_, number) => ({
    query: `query Q${number} { alias${number}: __typename }`,
  }));
  const results = await Promise.all(queries.map((payload) => run(client, payload)));
  const sideBySide = results.filter(
    (result, number) => result.data[`alias${number}`] === 'Query',
  ).length;
  for (let tries = 0; !ponged && tries < 200; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    // Keeps the socket from being closed as unused.
    await run(client, { query: '{ __typename }' });
  }
  await client.dispose();
  return { film, refused, sideBySide, ponged };
}

const isInit = (text) => JSON.parse(text).type === 'connection_init';
const provocations = [
  // A message of the older protocol.
  closed({
    webSocketImpl: altered((text) =>
      isInit(text) ? [text] : [text.replace('"type":"subscribe"', '"type":"start"')],
    ),
  }),
  // An operation before the introduction.
  closed({
    webSocketImpl: altered((text) =>
      isInit(text)
        ? [JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } })]
        : [text],
    ),
  }),
  // No sub-protocol.
  closed({
    webSocketImpl: class extends WebSocket {
      constructor(address) {
        super(address);
      }
    },
  }),
  // A client that takes its time.
  closed({ url: hasty, connectionParams: () => new Promise(() => {}) }),
  // Two operations of one id.
  closed({ url: slow, generateID: () => 'same' }, (client) => {
    const payload = { query: '{ films { totalCount } }' };
    return Promise.all([run(client, payload), run(client, payload)]);
  }),
  // Two introductions.
  closed({ webSocketImpl: altered((text) => (isInit(text) ? [text, text] : [text])) }),
];

const [report, ...ends] = await Promise.all([session(), ...provocations]);
const closes = Object.fromEntries(ends.map(({ code, reason }) => [code, reason]));
console.log(JSON.stringify({ ...report, closes }));
process.exit(0);

// The same catalogue as a server written by hand: Mercurius with its compiler of queries, DataLoader, and SQL
// that reads for all parents of a field at once.
import DataLoader from 'dataloader';
import Fastify from 'fastify';
import mercurius from 'mercurius';
import pg from 'pg';

const schema = /* GraphQL */ `
  type Query {
    film(id: ID!): Film
    show(id: ID!): Show
    person(id: ID!): Person
    company(id: ID!): Company
    "The films of a genre, those with the most votes first."
    films(genre: String!, from: Int!, to: Int!, first: Int!): [Film!]!
    "All films, shows and episodes, those with the most votes first."
    productions(first: Int!, after: Place): [Production!]!
  }

  "A row of the list of productions by votes."
  input Place {
    votes: Int
    id: ID!
  }

  interface Production {
    id: ID!
    title: String
    year: Int
    runtimeMinutes: Int
    votes: Int
    genres: [Genre!]!
    directors(first: Int! = 20): [Person!]!
    credits(first: Int!): [Credit!]!
  }

  type Film implements Production {
    id: ID!
    title: String
    year: Int
    runtimeMinutes: Int
    votes: Int
    genres: [Genre!]!
    directors(first: Int! = 20): [Person!]!
    credits(first: Int!): [Credit!]!
    shots(first: Int!): [Shot!]!
  }

  type Show implements Production {
    id: ID!
    title: String
    year: Int
    runtimeMinutes: Int
    votes: Int
    genres: [Genre!]!
    directors(first: Int! = 20): [Person!]!
    credits(first: Int!): [Credit!]!
    episodes(first: Int!): [Episode!]!
  }

  type Episode implements Production {
    id: ID!
    title: String
    year: Int
    runtimeMinutes: Int
    votes: Int
    genres: [Genre!]!
    directors(first: Int! = 20): [Person!]!
    credits(first: Int!): [Credit!]!
    seasonNumber: Int
    number: Int
    show: Show
  }

  type Genre {
    id: ID!
    key: String!
    name: String!
  }

  type Person {
    id: ID!
    name: String
    "What the person directed, the newest first."
    directed(first: Int!): [Production!]!
    "The newest first."
    credits(first: Int!): [Credit!]!
  }

  type Credit {
    id: ID!
    role: String!
    position: Int!
    person: Person!
    production: Production!
  }

  type Company {
    id: ID!
    name: String!
    "The newest first."
    productions(first: Int!): [CompanyPart!]!
  }

  type CompanyPart {
    id: ID!
    role: String!
    production: Production!
  }

  type Shot {
    id: ID!
    title: String!
    episode: Episode
  }
`;

// Keys are far below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
// One plan suits all keys; by default PostgreSQL would make another one for each list of keys.
const options = '-c plan_cache_mode=force_generic_plan';
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8, options });

/** A statement that each connection prepares and plans once. */
function statement(name, text) {
  return async (...values) => (await pool.query({ name, text, values })).rows;
}

const PRODUCTION = `p.id, p.kind, p.title, p.released_on / 10000 AS year,
  p.runtime_minutes AS "runtimeMinutes", p.rating_votes AS votes`;
const EPISODE = `e.show_id AS "showId", e.season_number AS "seasonNumber", e.episode_number AS number`;

// The indexes have the undated rows at the wrong end for "newest first, undated last", so that these are read on
// their own, and only where the dated ones are too few.
const newestFirst = (from) => `
  WITH dated AS (
    SELECT * ${from} AND released_on IS NOT NULL ORDER BY released_on DESC, id DESC LIMIT $2
  )
  TABLE dated
  UNION ALL
  (SELECT * ${from} AND released_on IS NULL ORDER BY id DESC LIMIT $2 - (SELECT count(*) FROM dated))`;

const productionsById = statement('production', `
  SELECT ${PRODUCTION} FROM production p WHERE p.id = ANY ($1::bigint[])`);
const episodesById = statement('episode', `
  SELECT e.production_id AS id, ${EPISODE} FROM episode e WHERE e.production_id = ANY ($1::bigint[])`);
const peopleById = statement('person', `
  SELECT id, name FROM person WHERE id = ANY ($1::bigint[])`);
const companiesById = statement('company', `
  SELECT id, name FROM company WHERE id = ANY ($1::bigint[])`);

const genresOf = statement('genres', `
  SELECT x.production_id AS parent, g.id, g.key, g.name
  FROM production_genre x JOIN genre g ON g.id = x.genre_id
  WHERE x.production_id = ANY ($1::bigint[])
  ORDER BY x.production_id, x.position, x.id`);
const directorsOf = statement('directors', `
  SELECT c.production_id AS parent, p.id, p.name
  FROM unnest($1::bigint[]) parent (id)
  CROSS JOIN LATERAL (
    SELECT * FROM credit WHERE production_id = parent.id AND role = 'director' ORDER BY position, id LIMIT $2
  ) c
  JOIN person p ON p.id = c.person_id
  ORDER BY c.production_id, c.position, c.id`);
const creditsOf = statement('credits', `
  SELECT c.production_id AS "productionId", c.id, c.role, c.position, p.id AS "personId", p.name
  FROM unnest($1::bigint[]) parent (id)
  CROSS JOIN LATERAL (
    SELECT * FROM credit WHERE production_id = parent.id ORDER BY position, id LIMIT $2
  ) c
  JOIN person p ON p.id = c.person_id
  ORDER BY c.production_id, c.position, c.id`);
const creditsOfPeople = statement('credits_of_people', `
  SELECT c.person_id AS parent, c.id AS "creditId", c.role, c.position, ${PRODUCTION}
  FROM unnest($1::bigint[]) parent (id)
  CROSS JOIN LATERAL (${newestFirst('FROM credit WHERE person_id = parent.id')}) c
  JOIN production p ON p.id = c.production_id
  ORDER BY c.person_id, c.released_on DESC NULLS LAST, c.id DESC`);
const directedBy = statement('directed', `
  SELECT c.person_id AS parent, ${PRODUCTION}
  FROM unnest($1::bigint[]) parent (id)
  CROSS JOIN LATERAL (${newestFirst("FROM credit WHERE person_id = parent.id AND role = 'director'")}) c
  JOIN production p ON p.id = c.production_id
  ORDER BY c.person_id, c.released_on DESC NULLS LAST, c.id DESC`);
const partsOf = statement('parts', `
  SELECT c.company_id AS parent, c.id AS "partId", c.role, ${PRODUCTION}
  FROM unnest($1::bigint[]) parent (id)
  CROSS JOIN LATERAL (${newestFirst('FROM production_company WHERE company_id = parent.id')}) c
  JOIN production p ON p.id = c.production_id
  ORDER BY c.company_id, c.released_on DESC NULLS LAST, c.id DESC`);
const episodesOf = statement('episodes', `
  SELECT e.show_id AS parent, ${PRODUCTION}, ${EPISODE}
  FROM unnest($1::bigint[]) parent (id)
  CROSS JOIN LATERAL (
    SELECT * FROM episode WHERE show_id = parent.id ORDER BY place_in_show, production_id LIMIT $2
  ) e
  JOIN production p ON p.id = e.production_id
  ORDER BY e.show_id, e.place_in_show, e.production_id`);
const shotsOf = statement('shots', `
  SELECT s.film_id AS parent, s.id AS "shotId", s.title AS "shotTitle", ${PRODUCTION}, ${EPISODE}
  FROM unnest($1::bigint[]) parent (id)
  CROSS JOIN LATERAL (
    SELECT * FROM shot WHERE film_id = parent.id ORDER BY position, id LIMIT $2
  ) s
  LEFT JOIN episode e ON e.production_id = s.episode_id
  LEFT JOIN production p ON p.id = e.production_id
  ORDER BY s.film_id, s.position, s.id`);

const genreByKey = statement('genre', 'SELECT id FROM genre WHERE key = $1');

// Genres differ by far in how many films they have: the integers are part of the text, for a plan of its own each time.
// Both dates are the same, and either may be the better start.
async function filmsOfGenre(key, from, to, first) {
  const [genre] = await genreByKey(key);
  if (!genre) return [];
  const years = `BETWEEN ${from * 10000} AND ${to * 10000 + 9999}`;
  const { rows } = await pool.query(`
    SELECT ${PRODUCTION}
    FROM production_genre x JOIN production p ON p.id = x.production_id
    WHERE x.genre_id = ${genre.id} AND x.released_on ${years} AND p.kind = 1 AND p.released_on ${years}
    ORDER BY p.rating_votes DESC NULLS LAST, p.id DESC
    LIMIT ${first}`);
  return rows;
}

const rated = statement('rated', `
  SELECT ${PRODUCTION} FROM production p WHERE p.rating_votes IS NOT NULL
  ORDER BY p.rating_votes DESC, p.id DESC LIMIT $1`);
const ratedAfter = statement('rated_after', `
  SELECT ${PRODUCTION} FROM production p WHERE (p.rating_votes, p.id) < ($2::integer, $3::bigint)
  ORDER BY p.rating_votes DESC, p.id DESC LIMIT $1`);
const unrated = statement('unrated', `
  SELECT ${PRODUCTION} FROM production p WHERE p.rating_votes IS NULL
  ORDER BY p.id DESC LIMIT $1`);
const unratedAfter = statement('unrated_after', `
  SELECT ${PRODUCTION} FROM production p WHERE p.rating_votes IS NULL AND p.id < $2::bigint
  ORDER BY p.id DESC LIMIT $1`);

/** The rated productions behind a place, and the unrated ones where these are too few. */
async function productionsByVotes(first, after) {
  if (after && after.votes == null) return unratedAfter(first, after.id);
  const rows = await (after ? ratedAfter(first, after.votes, after.id) : rated(first));
  return rows.length < first ? rows.concat(await unrated(first - rows.length)) : rows;
}

/** One row for each key. */
const oneEach = (read) => async (keys) => {
  const rows = new Map();
  for (const row of await read(keys)) rows.set(row.id, row);
  return keys.map((key) => rows.get(key) ?? null);
};

/** A list of rows for each key; what a row becomes can be told. */
const manyEach = (read, parent = (row) => row.parent, become = (row) => row) => async (keys, first) => {
  const lists = new Map();
  for (const key of keys) lists.set(key, []);
  for (const row of await (first === undefined ? read(keys) : read(keys, first))) {
    lists.get(parent(row)).push(become(row));
  }
  return keys.map((key) => lists.get(key));
};

// Both ends of a credit are seldom asked for, but the other one nearly always: it comes with the credit.
const BATCHES = {
  production: oneEach(productionsById),
  episode: oneEach(episodesById),
  person: oneEach(peopleById),
  company: oneEach(companiesById),
  genres: manyEach(genresOf),
  directors: manyEach(directorsOf),
  credits: manyEach(creditsOf, (row) => row.productionId, (row) => ({
    id: row.id,
    role: row.role,
    position: row.position,
    productionId: row.productionId,
    person: { id: row.personId, name: row.name },
  })),
  creditsOfPeople: manyEach(creditsOfPeople, undefined, (row) => ({
    id: row.creditId,
    role: row.role,
    position: row.position,
    personId: row.parent,
    production: row,
  })),
  directed: manyEach(directedBy),
  parts: manyEach(partsOf, undefined, (row) => ({ id: row.partId, role: row.role, production: row })),
  episodes: manyEach(episodesOf),
  shots: manyEach(shotsOf, undefined, (row) => ({
    id: row.shotId,
    title: row.shotTitle,
    episode: row.id === null ? null : row,
  })),
};

/** The loaders of one request, made when they are first needed: one for each kind of read and length of list. */
class Loaders {
  #loaders = new Map();

  load(batch, key, first) {
    const name = first === undefined ? batch : `${batch} ${first}`;
    let loader = this.#loaders.get(name);
    if (loader === undefined) {
      loader = new DataLoader((keys) => BATCHES[batch](keys, first));
      this.#loaders.set(name, loader);
    }
    return loader.load(key);
  }
}

const TYPES = [, 'Film', 'Show', 'Episode'];
const ofKind = (kind) => async (_, { id }, { loaders }) => {
  const row = await loaders.load('production', Number(id));
  return row?.kind === kind ? row : null;
};
const list = (batch) => (parent, { first }, { loaders }) => loaders.load(batch, parent.id, first);
// An episode that was read as one production among others lacks what only episodes have.
const ofEpisode = (field) => (episode, _, { loaders }) =>
  episode.showId === undefined ? loaders.load('episode', episode.id).then((row) => row[field]) : episode[field];

const production = {
  genres: (parent, _, { loaders }) => loaders.load('genres', parent.id),
  directors: list('directors'),
  credits: list('credits'),
};
const resolvers = {
  Query: {
    film: ofKind(1),
    show: ofKind(2),
    person: (_, { id }, { loaders }) => loaders.load('person', Number(id)),
    company: (_, { id }, { loaders }) => loaders.load('company', Number(id)),
    films: (_, { genre, from, to, first }) => filmsOfGenre(genre, from, to, first),
    productions: (_, { first, after }) => productionsByVotes(first, after),
  },
  Production: { resolveType: (row) => TYPES[row.kind] },
  Film: { ...production, shots: list('shots') },
  Show: { ...production, episodes: list('episodes') },
  Episode: {
    ...production,
    seasonNumber: ofEpisode('seasonNumber'),
    number: ofEpisode('number'),
    show: async (episode, _, { loaders }) => {
      const id = await ofEpisode('showId')(episode, _, { loaders });
      return id === null ? null : loaders.load('production', id);
    },
  },
  Person: { directed: list('directed'), credits: list('creditsOfPeople') },
  Credit: {
    person: (credit, _, { loaders }) => credit.person ?? loaders.load('person', credit.personId),
    production: (credit, _, { loaders }) => credit.production ?? loaders.load('production', credit.productionId),
  },
  Company: { productions: list('parts') },
};

const app = Fastify();
app.register(mercurius, {
  schema,
  resolvers,
  jit: 1,
  graphiql: false,
  context: () => ({ loaders: new Loaders() }),
});
app.addHook('onClose', () => pool.end());
process.once('SIGTERM', () => app.close());
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });

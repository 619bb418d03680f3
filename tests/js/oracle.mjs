// What an answer should be: graphql-js with naive resolvers over a dump of the tables.
//
//     node oracle.mjs <schema.graphql> <dump.json>
//
// The dump is `{table: [row, ...]}`, each row an object by column names. A line `{"ready":true}`
// on stdout says that it is read; then each line of stdin is answered by a line of stdout, in
// order, until stdin ends. A line of stdin is one of
//
//     {"query": "...", "variables": {...}, "operationName": null}
//     {"dump": "<path>"}        replaces the data; the answer is {"ready":true}
//
// and an answer is `{"data": ..., "errors": [{"path": [...], "code": "..."}]}`, with `errors` only
// where there are any. A request that cannot be executed (syntax, validation, variables) has no
// `data`, and its errors are `{"message": ..., "code": "REQUEST"}`. An error whose code is null is
// not an answer: the request or the dump is none for this file, and the error's message says why.
//
// A cursor is `cursor:<key of the row of the list's link table>`. A number that is whole is written
// without a fraction, also where its type is Float.
import { readFileSync } from 'node:fs';
import {
  GraphQLError, buildSchema, getNamedType, getNullableType, graphqlSync, isCompositeType,
  isEnumType, isListType, isObjectType,
} from 'graphql';

const PAGE_SIZE_DEFAULT = 20;
const SIZE_MAX = 100;

// ---- The data

/** Tables whose rows are nodes: the tag of their ids, the table, the type. */
const NODES = [
  [1, 'production', (row) => ({ 1: 'Film', 2: 'Show', 3: 'Episode' })[row.kind]],
  [2, 'person', () => 'Person'],
  [3, 'company', () => 'Company'],
  [4, 'credit', () => 'Credit'],
  [5, 'shot', () => 'Shot'],
  [6, 'genre', () => 'Genre'],
  [7, 'award', () => 'Award'],
  [8, 'source', () => 'Source'],
  [9, 'video', () => 'Video'],
  [12, 'production_company', () => 'CompanyCredit'],
];

/** What the columns that hold the key of another table's row refer to. */
const TARGETS = {
  production_id: 'production', film_id: 'production', show_id: 'production',
  episode_id: 'production', company_id: 'company', service_id: 'company', publisher_id: 'company',
  person_id: 'person', genre_id: 'genre', shot_id: 'shot', award_id: 'award', source_id: 'source',
};

let tables;
let memory;

function load(path) {
  tables = JSON.parse(readFileSync(path, 'utf8'));
  memory = new Map();
  for (const [tag, table, typeOf] of NODES) {
    for (const row of tables[table]) {
      row.global_id = globalId(tag, row.id);
      // By this name graphql-js looks for the type of what an interface stands for.
      row.__typename = typeOf(row);
    }
  }
  for (const side of [...tables.show, ...tables.episode]) {
    Object.assign(rowOf('production', side.production_id), side);
  }
}

/** The tag, then the key in seven bits a byte, lowest first, high bit where more follows. */
function globalId(tag, key) {
  const bytes = [tag];
  for (; key >= 128; key = Math.floor(key / 128)) bytes.push((key % 128) + 128);
  return Buffer.from([...bytes, key]).toString('base64url');
}

/** What `make` makes of the data, made once. */
function once(name, make) {
  if (!memory.has(name)) memory.set(name, make());
  return memory.get(name);
}

function read(row, column) {
  if (!(column in row)) throw new Error(`No ${column} in ${JSON.stringify(row)}.`);
  return row[column];
}

const keyOf = (table, row) => read(row, /^(show|episode)$/.test(table) ? 'production_id' : 'id');

function rowOf(table, key) {
  const rows = once(table, () => new Map(tables[table].map((row) => [keyOf(table, row), row])));
  return rows.get(key) ?? null;
}

function nodeOf(id) {
  const nodes = once('nodes', () => {
    const rows = NODES.flatMap(([, table]) => tables[table]);
    return new Map(rows.map((row) => [row.global_id, row]));
  });
  return nodes.get(id) ?? null;
}

const target = (row, column) => rowOf(TARGETS[column], read(row, column));

// ---- Fields that their name and type explain

function readEnum(type, row, column) {
  const name = read(row, column).toUpperCase();
  return type.getValue(name) === undefined ? 'OTHER' : name;
}

function readDate(row, column) {
  const number = read(row, column);
  if (number === null) return null;
  const [year, month, day] = [number / 10000, (number / 100) % 100, number % 100].map(Math.floor);
  return { year, month: month || null, day: day || null };
}

function byConvention(owner, { name, type }) {
  const column = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const named = getNamedType(type);
  const list = isListType(getNullableType(type));
  if (named.name.endsWith('Connection') || (list && isCompositeType(named))) {
    throw new Error(`The oracle does not know ${owner.name}.${name}.`);
  }
  if (name === 'id') return (row) => read(row, 'global_id');
  if (list) return (row) => JSON.parse(read(row, column));
  if (isEnumType(named)) return (row) => readEnum(named, row, column);
  if (named.name === 'PartialDate') return (row) => readDate(row, `${column}_on`);
  if (isCompositeType(named)) return (row) => target(row, `${column}_id`);
  return (row) => read(row, column);
}

// ---- Lists
//
// `from` is `link.parent`: the table that is read, and its column that holds the parent's key (if
// none, all rows are taken). `through`: its column that refers to the row shown (if none, its own
// row is). `only`: values that its columns must have. `filters`: arguments, each with the test of a
// row against its value. `order`: columns, those with `-` in descending order.

const equals = (column) => (row, value) => read(row, column) === value;
const equalsEnum = (column) => (row, value) => read(row, column) === value.toLowerCase();

/** UTF-8 sorts by code point; the strings of JavaScript do not. */
const compareValues = (a, b) =>
  typeof a === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a - b;

function compareLinks({ link, order }, row, other) {
  for (const term of order) {
    const column = term.replace('-', '');
    const [a, b] = [read(row, column), read(other, column)];
    if (a === null && b === null) continue;
    if (a === null) return 1;
    if (b === null) return -1;
    const compared = compareValues(a, b);
    if (compared !== 0) return term.startsWith('-') ? -compared : compared;
  }
  const byKey = keyOf(link, row) - keyOf(link, other);
  return order.at(-1)?.startsWith('-') ? -byKey : byKey;
}

/** For each parent its list in order, by the parent's key. */
function listsOf(relation) {
  const { link, parent, only } = relation;
  const rows = tables[link]
    .filter((row) => Object.entries(only).every(([column, value]) => read(row, column) === value))
    .sort((a, b) => compareLinks(relation, a, b));
  const lists = new Map();
  for (const row of rows) {
    const key = parent && read(row, parent);
    lists.set(key, lists.get(key) ?? []);
    lists.get(key).push(row);
  }
  return lists;
}

function linksOf(relation, owner, args) {
  const list = once(relation, () => listsOf(relation)).get(relation.parent && owner.id) ?? [];
  const given = Object.entries(relation.filters).filter(([name]) => (args[name] ?? null) !== null);
  return list.filter((row) => given.every(([name, fits]) => fits(row, args[name])));
}

function pageOf(relation, all, args) {
  const backward = (args.last ?? null) !== null;
  if (backward && (args.first ?? null) !== null) throw new Error('first and last');
  const size = backward ? args.last : args.first ?? PAGE_SIZE_DEFAULT;
  if (size < 0 || size > SIZE_MAX) throw new Error(`a page of ${size}`);
  const bound = (cursor) => {
    if ((cursor ?? null) === null) return null;
    const row = rowOf(relation.link, Number(cursor.replace('cursor:', '')));
    if (row === null) throw new Error(`no row for ${cursor}`);
    return row;
  };
  const [after, before] = [bound(args.after), bound(args.before)];
  const follows = (row) => after === null || compareLinks(relation, row, after) > 0;
  const precedes = (row) => before === null || compareLinks(relation, row, before) < 0;
  const within = all.filter((row) => follows(row) && precedes(row));
  const left = Math.max(within.length - size, 0);
  const page = backward ? within.slice(left) : within.slice(0, size);
  const edges = page.map((row) => ({
    cursor: `cursor:${keyOf(relation.link, row)}`,
    node: relation.show(row),
  }));
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: {
      hasNextPage: (!backward && left > 0) || !all.every(precedes),
      hasPreviousPage: (backward && left > 0) || !all.every(follows),
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: all.length,
  };
}

function relationOf(from, { through, only = {}, filters = {}, order = [] } = {}) {
  const [link, parent] = from.split('.');
  const show = (row) => (through === undefined ? row : target(row, through));
  return { link, parent, only, filters, order, show };
}

function list(from, options) {
  const relation = relationOf(from, options);
  return (owner, args) => linksOf(relation, owner, args).slice(0, SIZE_MAX).map(relation.show);
}

function connection(from, options) {
  const relation = relationOf(from, options);
  return (owner, args) => {
    const links = linksOf(relation, owner, args);
    const order = [];
    for (const { field, direction } of args.orderBy ?? []) {
      const column = options.orders[field];
      const known = order.some((term) => term.replace('-', '') === column);
      if (!known) order.push((direction === 'DESC' ? '-' : '') + column);
    }
    if (order.length === 0) return pageOf(relation, links, args);
    const ordered = { ...relation, order };
    return pageOf(ordered, links.toSorted((a, b) => compareLinks(ordered, a, b)), args);
  };
}

// ---- Look-ups: by a key and its value, the rows of the table that fit

const byColumn = (column) => (table, value) =>
  tables[table].filter((row) => read(row, column) === value);

const byExternalId = (catalog, scope) => (table, value) =>
  tables.external_id
    .filter((row) => row.catalog === catalog && row.scope === scope && row.value === value)
    .flatMap((row) => target(row, `${table}_id`) ?? []);

const lookup = (table, type, keys) => (_root, { by }) => {
  const [[key, value]] = Object.entries(by);
  const rows = keys[key](table, value).filter((row) => type === '*' || row.__typename === type);
  if (rows.length > 1) throw new GraphQLError('', { extensions: { code: 'AMBIGUOUS' } });
  return rows[0] ?? null;
};

const id = byColumn('global_id');
const name = byColumn('name');
const title = byColumn('title');
const imdbId = byExternalId('imdb', 'title');
const tmdbId = byExternalId('tmdb', 'movie');

// ---- The other fields

const role = { role: equalsEnum('role') };
const status = { status: equalsEnum('status') };
const catalog = { catalog: equals('catalog') };
const season = { season: equals('season_number') };
const director = { role: 'director' };
const order = ['position'];
const latest = ['-released_on'];
const release = { RELEASED: 'released_on' };
const year = { YEAR: 'year' };
const byName = { NAME: 'name_key' };
const productionOrders = {
  TITLE: 'title_key', RELEASED: 'released_on', RATING: 'rating_tenths', VOTES: 'rating_votes',
  RUNTIME: 'runtime_minutes',
};

const production = {
  rating: ({ rating_tenths: tenths, rating_votes: votes }) =>
    tenths === null ? null : { average: tenths / 10, votes },
  genres: list('production_genre.production_id', { through: 'genre_id', order }),
  credits: connection('credit.production_id', { filters: role, order }),
  directors: connection('credit.production_id', { through: 'person_id', only: director, order }),
  companies: connection('production_company.production_id', { filters: role, order }),
  awards: connection('award.production_id', { filters: status, order: ['-year'], orders: year }),
  videos: connection('video.production_id'),
  alternativeTitles: connection('title_name.production_id', { order }),
  externalIds: list('external_id.production_id', { filters: catalog }),
  sources: list('production_source.production_id'),
};

const FIELDS = {
  Query: {
    node: (_root, args) => nodeOf(args.id),
    nodes: (_root, { ids }) => {
      if (ids.length > SIZE_MAX) throw new Error(`${ids.length} ids`);
      return ids.map(nodeOf);
    },
    film: lookup('production', 'Film', { id, title, imdbId, tmdbId }),
    show: lookup('production', 'Show', { id, title, imdbId }),
    episode: lookup('production', 'Episode', { id, imdbId }),
    production: lookup('production', '*', { id, title, imdbId }),
    person: lookup('person', '*', { id, name, imdbId: byExternalId('imdb', 'name') }),
    company: lookup('company', '*', { id, name, imdbId: byExternalId('imdb', 'company') }),
    genre: lookup('genre', '*', { id, key: byColumn('key') }),
    productions: connection('production', { orders: productionOrders }),
    films: connection('production', { only: { kind: 1 }, orders: productionOrders }),
    shows: connection('production', { only: { kind: 2 }, orders: productionOrders }),
    episodes: connection('production', { only: { kind: 3 }, orders: productionOrders }),
    people: connection('person', { orders: { ...byName, BORN: 'born_on' } }),
    companies: connection('company', { orders: byName }),
    genres: connection('genre', { orders: byName }),
    shots: connection('shot'),
    awards: connection('award', { orders: year }),
    sources: connection('source'),
  },
  Film: { ...production, shots: connection('shot.film_id', { order }) },
  Show: {
    ...production,
    episodes: connection('episode.show_id', {
      through: 'production_id', filters: season, order: ['place_in_show'],
      orders: { NUMBER: 'place_in_show', ...release },
    }),
  },
  Episode: { ...production, shots: connection('shot.episode_id', { order }) },
  Person: {
    credits: connection('credit.person_id', { filters: role, order: latest, orders: release }),
    directed: connection('credit.person_id', {
      through: 'production_id', only: director, order: latest, orders: release,
    }),
    shots: connection('shot_director.person_id', { through: 'shot_id' }),
    awards: connection('award_person.person_id', {
      through: 'award_id', order: ['-year'], orders: year,
    }),
    externalIds: list('external_id.person_id', { filters: catalog }),
  },
  Company: {
    productions: connection('production_company.company_id', {
      filters: role, order: latest, orders: release,
    }),
    externalIds: list('external_id.company_id', { filters: catalog }),
  },
  Genre: {
    productions: connection('production_genre.genre_id', {
      through: 'production_id', order: latest, orders: release,
    }),
  },
  Shot: { directors: list('shot_director.shot_id', { through: 'person_id', order }) },
  Award: { people: list('award_person.award_id', { through: 'person_id', order }) },
};

/** Types whose values come whole out of the resolvers above. */
const VALUES = /^(PageInfo|PartialDate|Rating|.*Connection|.*Edge|__.*)$/;

function attachResolvers(schema) {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || VALUES.test(type.name)) continue;
    for (const field of Object.values(type.getFields())) {
      field.resolve = FIELDS[type.name]?.[field.name] ?? byConvention(type, field);
    }
  }
  return schema;
}

// ---- The conversation

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

function answer({ dump, query: source, variables: variableValues, operationName }) {
  if (dump !== undefined) {
    load(dump);
    return { ready: true };
  }
  const { data, errors } = graphqlSync({ schema, source, variableValues, operationName });
  if (data === undefined) {
    return { errors: errors.map(({ message }) => ({ message, code: 'REQUEST' })) };
  }
  return {
    data,
    errors: errors?.map(({ path, message, extensions: { code } }) =>
      code === undefined ? { path, code: null, message } : { path, code },
    ),
  };
}

const [schemaPath, dumpPath] = process.argv.slice(2);
const schema = attachResolvers(buildSchema(readFileSync(schemaPath, 'utf8')));
load(dumpPath);
say({ ready: true });

// Not by node:readline, which also ends a line where a string holds U+2028 or U+2029.
let unread = '';
process.stdin.setEncoding('utf8');
for await (const chunk of process.stdin) {
  const lines = (unread + chunk).split('\n');
  unread = lines.pop();
  for (const line of lines) say(answer(JSON.parse(line)));
}

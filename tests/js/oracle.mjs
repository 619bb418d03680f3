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
// where there are any. A request that cannot be executed (syntax, validation, variables, arguments
// that the server refuses) has no `data`, and its errors are `{"message": ..., "code": "REQUEST"}`.
// An error whose code is null is not an answer: the request or the dump is none for this file, and
// the error's message says why.
//
// A cursor is `cursor:<key of the row of the list's link table>`. A number that is whole is written
// without a fraction, also where its type is Float.
import { readFileSync } from 'node:fs';
import {
  GraphQLError, GraphQLIncludeDirective, GraphQLSkipDirective, Kind, buildSchema, executeSync,
  getArgumentValues, getDirectiveValues, getNamedType, getNullableType, getOperationAST,
  getVariableValues, isCompositeType, isEnumType, isInputObjectType, isListType, isObjectType,
  parse, validate,
} from 'graphql';

const PAGE_SIZE_DEFAULT = 20;
const SIZE_MAX = 100;
/** Credits of a person among which collaborators are looked for. */
const COLLABORATOR_CREDITS_MAX = 200;

const [schemaPath, dumpPath] = process.argv.slice(2);
const schema = buildSchema(readFileSync(schemaPath, 'utf8'));

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
  [14, 'season', () => 'Season'],
];

/** What the columns that hold the key of another table's row refer to. */
const TARGETS = {
  production_id: 'production', film_id: 'production', show_id: 'production',
  episode_id: 'production', company_id: 'company', service_id: 'company', publisher_id: 'company',
  person_id: 'person', genre_id: 'genre', shot_id: 'shot', award_id: 'award', source_id: 'source',
  season_id: 'season', profession_id: 'profession',
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

const isMissing = (value) => value === null || value === undefined;

// ---- What fields, filters and facets read alike

function readEnum(type, row, column) {
  const name = read(row, column).toUpperCase();
  return type.getValue(name) === undefined ? 'OTHER' : name;
}

/** The roles of each department. */
const DEPARTMENTS = {
  DIRECTING: ['director'],
  WRITING: ['writer', 'developer'],
  PRODUCTION: ['producer', 'executive_producer'],
  CAST: ['actor', 'self'],
  CAMERA: ['cinematographer'],
  EDITING: ['editor'],
  MUSIC: ['composer'],
  ART: ['production_designer'],
  CASTING: ['casting_director'],
  OTHER: ['other'],
};

const kindOf = ({ __typename: name }) => name.toUpperCase();
const departmentOf = ({ role }) =>
  Object.keys(DEPARTMENTS).find((name) => DEPARTMENTS[name].includes(role));
const yearOf = (date) => Math.floor(date / 10000);

// ---- Fields that their name and type explain

function readDate(row, column) {
  const date = read(row, column);
  if (date === null) return null;
  const [month, day] = [Math.floor(date / 100) % 100, date % 100];
  return { year: yearOf(date), month: month || null, day: day || null };
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
// row is). `distinct`: whether each row is shown once, by its first link, and links that show none
// are left out. `only`: values that its columns must have. `order`: columns, those with `-` in
// descending order.

/** The columns of links that requests order by, by input type and key. */
const ORDERS = {
  ProductionOrder: {
    TITLE: 'title_key', RELEASED: 'released_on', RATING: 'rating_tenths', VOTES: 'rating_votes',
    RUNTIME: 'runtime_minutes', ADDED: 'id',
  },
  EpisodeOrder: { NUMBER: 'place_in_show', RELEASED: 'released_on' },
  ReleaseOrder: { RELEASED: 'released_on' },
  PersonOrder: { NAME: 'name_key', BORN: 'born_on', DIED: 'died_on', ADDED: 'id' },
  NameOrder: { NAME: 'name_key' },
  AwardOrder: { YEAR: 'year' },
  SeasonOrder: { NUMBER: 'number' },
  PositionOrder: { POSITION: 'position' },
  AddedOrder: { ADDED: 'id' },
};

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
  const { link, parent, only, distinct, through } = relation;
  const isFirst = (row) =>
    read(row, through) !== null &&
    tables[link].every((other) =>
      other[parent] !== row[parent] || other[through] !== row[through] || other.id >= row.id);
  const rows = tables[link]
    .filter((row) => Object.entries(only).every(([column, value]) => read(row, column) === value))
    .filter((row) => !distinct || isFirst(row))
    .sort((a, b) => compareLinks(relation, a, b));
  const lists = new Map();
  for (const row of rows) {
    const key = parent && read(row, parent);
    lists.set(key, lists.get(key) ?? []);
    lists.get(key).push(row);
  }
  return lists;
}

function linksOf(relation, owner) {
  const list = once(relation, () => listsOf(relation)).get(relation.parent && owner.id) ?? [];
  // Of a group: see `groups`.
  return owner?.roles === undefined ? list : list.filter(({ role }) => owner.roles.includes(role));
}

/** The type that an argument's value is made of. */
const inputOf = ({ parentType, fieldName }, argument) =>
  getNamedType(parentType.getFields()[fieldName].args.find(({ name }) => name === argument).type);

/** The links that the request's filter keeps; it is told of the rows shown. */
function filteredLinksOf(relation, owner, { filter }, info) {
  const links = linksOf(relation, owner);
  if (isMissing(filter)) return links;
  const type = inputOf(info, 'filter');
  return links.filter((row) => fits(type, relation.show(row), filter));
}

function pageOf(relation, all, args) {
  const backward = !isMissing(args.last);
  const size = backward ? args.last : args.first ?? PAGE_SIZE_DEFAULT;
  const bound = (cursor) => {
    if (isMissing(cursor)) return null;
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
    // Only lists of productions have them.
    facets: () => facetsOf(all.map(relation.show)),
  };
}

function relationOf(from, { through, distinct = false, only = {}, order = [] } = {}) {
  const [link, parent] = from.split('.');
  const show = (row) => (through === undefined ? row : target(row, through));
  return { link, parent, through, distinct, only, order, show };
}

function list(from, options) {
  const relation = relationOf(from, options);
  return (owner, args, _context, info) =>
    filteredLinksOf(relation, owner, args, info).slice(0, SIZE_MAX).map(relation.show);
}

function connection(from, options) {
  const relation = relationOf(from, options);
  return (owner, args, _context, info) => {
    const links = filteredLinksOf(relation, owner, args, info);
    const order = [];
    for (const { field, direction } of args.orderBy ?? []) {
      const column = ORDERS[inputOf(info, 'orderBy').name][field];
      const known = order.some((term) => term.replace('-', '') === column);
      if (!known) order.push((direction === 'DESC' ? '-' : '') + column);
    }
    if (order.length === 0) return pageOf(relation, links, args);
    const ordered = { ...relation, order };
    return pageOf(ordered, links.toSorted((a, b) => compareLinks(ordered, a, b)), args);
  };
}

/**
 * The groups of a list by role, as far as they have rows. Each stands for the parent, of whose list
 * it has what is in its roles; its name is under `key`.
 */
function groups(from, key, roles) {
  const relation = relationOf(from);
  return (owner) => {
    const all = Object.entries(roles).map(([name, of]) => ({ id: owner.id, [key]: name, roles: of }));
    return all.filter((group) => linksOf(relation, group).length > 0);
  };
}

// ---- Facets

/** Each of the values with its count. */
function tally(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts];
}

/** The most frequent first; those that are as frequent by what `by` makes of them. */
const mostFrequent = (values, by) =>
  tally(values).sort(([a, n], [b, m]) => m - n || compareValues(by(a), by(b)));

function facetsOf(rows) {
  const format = schema.getType('ProductionFormat');
  const formats = rows.map((row) => readEnum(format, row, 'format'));
  const lower = (name) => name.toLowerCase();
  const genres = mostFrequent(rows.flatMap((row) => genresOf(row, {})), (genre) => genre.id);
  const decades = rows.map(({ released_on: date }) => date && Math.floor(yearOf(date) / 10) * 10);
  return {
    kinds: mostFrequent(rows.map(kindOf), lower).map(([kind, count]) => ({ kind, count })),
    formats: mostFrequent(formats, lower).map(([format, count]) => ({ format, count })),
    decades: tally(decades)
      .sort(([a], [b]) => (b ?? -1) - (a ?? -1))
      .map(([decade, count]) => ({ decade, count })),
    genres: genres.slice(0, SIZE_MAX).map(([genre, count]) => ({ genre, count })),
  };
}

// ---- Filters
//
// A test is a function of a row, what is given for it, and the type of that.

/** Whether everything holds that a filter of an input type says of a row. */
function fits(type, row, filter) {
  return Object.entries(filter).every(([name, value]) => {
    if (value === null) return true;
    if (name === 'and') return value.every((part) => fits(type, row, part));
    if (name === 'or') return value.some((part) => fits(type, row, part));
    if (name === 'not') return !fits(type, row, value);
    return FILTERS[type.name][name](row, value, getNamedType(type.getFields()[name].type));
  });
}

const nested = (row, filter, type) => fits(type, row, filter);

/** A row that points here passes a test; `from` is what it is for lists. */
function some(from, test = nested) {
  const relation = relationOf(from);
  return (row, value, type) => linksOf(relation, row).some((link) => test(link, value, type));
}

/** The row that a column points at passes a test. */
const to = (column, test = nested) => (row, value, type) => {
  const shown = target(row, column);
  return shown !== null && test(shown, value, type);
};

const oneOf = (column) => (row, values) => values.includes(read(row, column));
const oneOfIds = (column) => to(column, oneOf('global_id'));
const is = (column) => (row, wanted) => (read(row, column) === 1) === wanted;
const startsWith = (column) => (row, prefix) =>
  read(row, column)?.startsWith(collationKey(prefix)) ?? false;

/** Every word that is stored is in the enum. */
const oneOfWords = (column) => (row, names) =>
  names.some((name) => name.toLowerCase() === read(row, column));
/** Words that the enum lacks are what it calls OTHER. */
const oneOfOpenWords = (column) => (row, names, type) => names.includes(readEnum(type, row, column));

/** Case and accents do not count, nor does white space at the ends. */
function collationKey(text) {
  const trimmed = text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
  const letters = [...trimmed.normalize('NFKD').replace(/\p{M}/gu, '')];
  // One by one: among others a last sigma has a form of its own.
  return letters.map((letter) => letter.toLowerCase()).join('');
}

/**
 * What `scale` makes of a column is not below one end and not above the other. What is not known
 * is beyond any end, but not beyond one that is not given.
 */
const range = (column, scale = (number) => number, endsOf = ({ min, max }) => [min, max]) =>
  (row, given) => {
    const stored = read(row, column);
    const number = stored === null ? NaN : scale(stored);
    const [least, greatest] = endsOf(given);
    // Tenths are not exact as fractions of two.
    const tolerance = 1e-7;
    return (
      (isMissing(least) || number >= least - tolerance) &&
      (isMissing(greatest) || number <= greatest + tolerance)
    );
  };

/** A date as it is stored. */
function parseDate(text) {
  const date = new Date(text);
  const isDate =
    /^\d{4}(-\d\d){0,2}$/.test(text) && !text.startsWith('0000') &&
    // One that does not exist is none, or becomes another.
    !Number.isNaN(date.valueOf()) && date.toISOString().startsWith(text);
  if (!isDate) throw new GraphQLError(`"${text}" is no date`);
  const [year, month = 0, day = 0] = text.split('-').map(Number);
  return year * 10000 + month * 100 + day;
}

/** The greatest date that may be meant, as it would be stored. */
function parseLastDate(text) {
  const date = parseDate(text);
  return date + (date % 10000 === 0 ? 9999 : date % 100 === 0 ? 99 : 0);
}

/** A date of which a part is not known counts as the first day of what is. */
const firstDay = (date) =>
  date + (date % 10000 === 0 ? 100 : 0) + (date % 100 === 0 ? 1 : 0);

const dateRange = (column) =>
  range(column, firstDay, ({ from, to: last }) => [
    from && firstDay(parseDate(from)), last && parseLastDate(last),
  ]);

const hasShots = some('shot.film_id', () => true);
const hasGenre = some('production_genre.production_id', to('genre_id', oneOf('key')));
const firstShown = { year: range('released_on', yearOf), released: dateRange('released_on') };
const productionTests = {
  ...firstShown,
  kind: (row, kinds) => kinds.includes(kindOf(row)),
  format: oneOfOpenWords('format'),
  genre: nested,
  titlePrefix: startsWith('title_key'),
  rating: range('rating_tenths', (tenths) => tenths / 10),
  votes: range('rating_votes'),
  runtimeMinutes: range('runtime_minutes'),
  isAdult: is('is_adult'),
  credit: some('credit.production_id'),
  company: some('production_company.production_id'),
  alternativeTitle: some('title_name.production_id'),
  externalId: some('external_id.production_id'),
  hasShots: (row, wanted) => hasShots(row) === wanted,
};

/** Tests by input type and field. */
const FILTERS = {
  ProductionFilter: productionTests,
  EpisodeFilter: {
    ...productionTests,
    show: oneOfIds('show_id'), season: oneOf('season_number'), number: oneOf('episode_number'),
  },
  GenreChoice: {
    any: hasGenre,
    all: (row, keys) => keys.every((key) => hasGenre(row, [key])),
    none: (row, keys) => !hasGenre(row, keys),
  },
  PersonFilter: {
    namePrefix: startsWith('name_key'), born: dateRange('born_on'), died: dateRange('died_on'),
    credit: some('credit.person_id'),
    profession: some('person_profession.person_id', to('profession_id', oneOf('key'))),
  },
  CreditFilter: {
    ...firstShown,
    person: oneOfIds('person_id'),
    role: oneOfWords('role'),
    department: (row, names) => names.includes(departmentOf(row)),
    production: to('production_id'),
  },
  CompanyCreditFilter: {
    ...firstShown,
    company: oneOfIds('company_id'), role: oneOfWords('role'), production: to('production_id'),
  },
  CompanyFilter: {
    namePrefix: startsWith('name_key'),
    kind: oneOfOpenWords('kind'),
    credit: some('production_company.company_id'),
  },
  GenreFilter: { key: oneOf('key'), namePrefix: startsWith('name_key') },
  ShotFilter: {
    film: oneOfIds('film_id'), episode: oneOfIds('episode_id'),
    show: to('episode_id', oneOfIds('show_id')),
    director: some('shot_director.shot_id', oneOfIds('person_id')),
  },
  AwardFilter: { body: oneOf('body'), status: oneOfWords('status'), year: range('year') },
  VideoFilter: { kind: oneOfOpenWords('kind') },
  AlternativeTitleFilter: {
    region: oneOf('region'), language: oneOf('language'), isOriginal: is('is_original'),
  },
  ExternalIdFilter: { catalog: oneOf('catalog'), isCanonical: is('is_canonical') },
  SeasonFilter: { number: range('number') },
  SourceFilter: { key: oneOf('key') },
};

// ---- Look-ups: by a key and its value, the rows of the table that fit

const byColumn = (column) => (table, value) =>
  tables[table].filter((row) => read(row, column) === value);

const byExternalId = (catalog, scope) => (table, value) =>
  tables.external_id
    .filter((row) => row.catalog === catalog && row.scope === scope && row.value === value)
    .flatMap((row) => target(row, `${table}_id`) ?? []);

/** The row, null, or an error, which graphql-js reports where the row would stand. */
function find(table, type, keys, by) {
  const [[key, value]] = Object.entries(by);
  const rows = keys[key](table, value).filter((row) => type === '*' || row.__typename === type);
  if (rows.length > 1) return new GraphQLError('', { extensions: { code: 'AMBIGUOUS' } });
  return rows[0] ?? null;
}

const lookup = (table, type, keys) => (_root, { by }) => find(table, type, keys, by);

const lookups = (table, keys) => (_root, { keys: all }) =>
  all.map((by) => find(table, '*', keys, by));

const id = byColumn('global_id');
const name = byColumn('name');
const title = byColumn('title');
const imdbId = byExternalId('imdb', 'title');
const tmdbId = byExternalId('tmdb', 'movie');
const productionKeys = { id, title, imdbId, tmdbId };
const personKeys = { id, name, imdbId: byExternalId('imdb', 'name') };
const companyKeys = { id, name, imdbId: byExternalId('imdb', 'company') };

// ---- The other fields

const rolesOf = (type) =>
  Object.fromEntries(schema.getType(type).getValues().map(({ name }) => [name, [name.toLowerCase()]]));

const isDirector = { role: 'director' };
const order = ['position'];
const latest = ['-released_on'];

const genresOf = list('production_genre.production_id', { through: 'genre_id', order });

const production = {
  rating: ({ rating_tenths: tenths, rating_votes: votes }) =>
    tenths === null ? null : { average: tenths / 10, votes },
  genres: genresOf,
  credits: connection('credit.production_id', { order }),
  creditsByDepartment: groups('credit.production_id', 'department', DEPARTMENTS),
  directors: connection('credit.production_id', { through: 'person_id', only: isDirector, order }),
  companies: connection('production_company.production_id', { order }),
  awards: connection('award_production.production_id', { through: 'award_id', order: ['-year'] }),
  videos: connection('video.production_id'),
  alternativeTitles: connection('title_name.production_id', { order }),
  externalIds: list('external_id.production_id'),
  sources: list('production_source.production_id'),
};

const episodes = { through: 'production_id', order: ['place_in_show'] };

/** Who worked on the most of the productions that a person worked on last. */
function collaborators({ id: self }, { first }) {
  const latestCredits = tables.credit
    .filter((row) => row.person_id === self && row.released_on !== null)
    .sort((a, b) => b.released_on - a.released_on || b.id - a.id)
    .slice(0, COLLABORATOR_CREDITS_MAX);
  const productions = new Set(latestCredits.map((row) => row.production_id));
  // Somebody may have several credits on one production.
  const shared = new Map();
  for (const { person_id: other, production_id: on } of tables.credit) {
    if (other === self || !productions.has(on)) continue;
    shared.set(other, (shared.get(other) ?? new Set()).add(on));
  }
  return [...shared]
    .map(([other, on]) => ({ person: rowOf('person', other), productionCount: on.size }))
    .sort((a, b) => b.productionCount - a.productionCount || a.person.id - b.person.id)
    .slice(0, first ?? PAGE_SIZE_DEFAULT);
}

const FIELDS = {
  Query: {
    node: (_root, args) => nodeOf(args.id),
    nodes: (_root, { ids }) => ids.map(nodeOf),
    film: lookup('production', 'Film', productionKeys),
    show: lookup('production', 'Show', productionKeys),
    episode: lookup('production', 'Episode', productionKeys),
    production: lookup('production', '*', productionKeys),
    person: lookup('person', '*', personKeys),
    company: lookup('company', '*', companyKeys),
    genre: lookup('genre', '*', { id, key: byColumn('key') }),
    productionsBy: lookups('production', productionKeys),
    peopleBy: lookups('person', personKeys),
    companiesBy: lookups('company', companyKeys),
    productions: connection('production'),
    films: connection('production', { only: { kind: 1 } }),
    shows: connection('production', { only: { kind: 2 } }),
    episodes: connection('production', { only: { kind: 3 } }),
    people: connection('person'),
    companies: connection('company'),
    genres: connection('genre'),
    shots: connection('shot'),
    awards: connection('award'),
    sources: connection('source'),
  },
  Film: {
    ...production,
    shots: connection('shot.film_id', { order }),
    discussedIn: connection('shot.film_id', { through: 'episode_id', distinct: true }),
  },
  Show: {
    ...production,
    seasons: connection('season.show_id', { order: ['number'] }),
    episodes: connection('episode.show_id', episodes),
  },
  Season: { episodes: connection('episode.season_id', episodes) },
  Episode: { ...production, shots: connection('shot.episode_id', { order }) },
  Person: {
    credits: connection('credit.person_id', { order: latest }),
    creditsByRole: groups('credit.person_id', 'role', rolesOf('CreditRole')),
    directed: connection('credit.person_id', {
      through: 'production_id', only: isDirector, order: latest,
    }),
    knownFor: list('known_for.person_id', { through: 'production_id', order }),
    professions: list('person_profession.person_id', { through: 'profession_id', order }),
    collaborators,
    shots: connection('shot_director.person_id', { through: 'shot_id' }),
    awards: connection('award_person.person_id', { through: 'award_id', order: ['-year'] }),
    externalIds: list('external_id.person_id'),
  },
  Company: {
    productions: connection('production_company.company_id', { order: latest }),
    productionsByRole: groups('production_company.company_id', 'role', rolesOf('CompanyRole')),
    awards: connection('award_company.company_id', { through: 'award_id', order: ['-year'] }),
    externalIds: list('external_id.company_id'),
  },
  Credit: { department: departmentOf },
  DepartmentCredits: { credits: production.credits },
  RoleCredits: { credits: connection('credit.person_id', { order: latest }) },
  CompanyRoleCredits: {
    productions: connection('production_company.company_id', { order: latest }),
  },
  Genre: {
    productions: connection('production_genre.genre_id', {
      through: 'production_id', order: latest,
    }),
  },
  Shot: { directors: list('shot_director.shot_id', { through: 'person_id', order }) },
  Award: {
    productions: list('award_production.award_id', { through: 'production_id', order }),
    people: list('award_person.award_id', { through: 'person_id', order }),
    companies: list('award_company.award_id', { through: 'company_id', order }),
  },
};

/** Types whose values come whole out of the resolvers above. */
const VALUES = /^(PageInfo|PartialDate|Rating|Collaborator|.*(Connection|Edge|Facets?)|__.*)$/;

function attachResolvers() {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || VALUES.test(type.name)) continue;
    for (const field of Object.values(type.getFields())) {
      field.resolve = FIELDS[type.name]?.[field.name] ?? byConvention(type, field);
    }
  }
}

// ---- What is refused before anything is executed

/** Refuse what a type allows of an argument and the server does not. */
function checkValue(type, value) {
  if (Array.isArray(value)) {
    if (value.length > SIZE_MAX) throw new GraphQLError(`${value.length} values`);
    for (const item of value) checkValue(type, item);
  } else if (isInputObjectType(type) && !isMissing(value)) {
    for (const [name, given] of Object.entries(value)) {
      if (type.name !== 'DateRange') checkValue(getNamedType(type.getFields()[name].type), given);
      else if (given !== null) parseDate(given);
    }
  }
}

function checkArguments(field, args) {
  for (const argument of field.args) checkValue(getNamedType(argument.type), args[argument.name]);
  const sizes = [args.first, args.last].filter((size) => !isMissing(size));
  if (sizes.length > 1) throw new GraphQLError('first and last');
  const wrong = sizes.find((size) => size < 0 || size > SIZE_MAX);
  if (wrong !== undefined) throw new GraphQLError(`a page of ${wrong}`);
}

/** The document of a request that can be executed; what is wrong with another one is thrown. */
function documentOf({ query, variables, operationName }) {
  const document = parse(query);
  const [error] = validate(schema, document);
  if (error !== undefined) throw error;
  const operation = getOperationAST(document, operationName);
  if (operation === null) throw new GraphQLError('no such operation');
  const { variableValues, errors } =
    getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {});
  if (errors !== undefined) throw errors[0];

  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  const fragmentOf = (spread) => fragments.find(({ name }) => name.value === spread.name.value);
  const isSelected = (selection) =>
    getDirectiveValues(GraphQLSkipDirective, selection, variableValues)?.if !== true &&
    getDirectiveValues(GraphQLIncludeDirective, selection, variableValues)?.if !== false;
  const objectsOf = (type) => (isObjectType(type) ? [type] : schema.getPossibleTypes(type));

  /** Check the arguments of what is selected of objects of these types, wherever it is reached. */
  const check = (objects, { selections }) => {
    for (const selection of selections.filter(isSelected)) {
      if (selection.kind === Kind.FIELD) {
        const field = objects[0].getFields()[selection.name.value];
        // Those that begin with two underscores have nothing to check.
        if (field === undefined) continue;
        checkArguments(field, getArgumentValues(field, selection, variableValues));
        const type = getNamedType(field.type);
        if (isCompositeType(type)) check(objectsOf(type), selection.selectionSet);
        continue;
      }
      const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
      const { typeCondition: on, selectionSet } = isSpread ? fragmentOf(selection) : selection;
      const allowed = on === undefined ? objects : objectsOf(schema.getType(on.name.value));
      const left = objects.filter((type) => allowed.includes(type));
      if (left.length > 0) check(left, selectionSet);
    }
  };
  check([schema.getQueryType()], operation.selectionSet);
  return document;
}

// ---- The conversation

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

function answer(request) {
  if (request.dump !== undefined) {
    load(request.dump);
    return { ready: true };
  }
  let document;
  try {
    document = documentOf(request);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { errors: [{ message: error.message, code: 'REQUEST' }] };
  }
  const { variables: variableValues, operationName } = request;
  const { data, errors } = executeSync({ schema, document, variableValues, operationName });
  return {
    data,
    errors: errors?.map(({ path, message, extensions: { code } }) =>
      code === undefined ? { path, code: null, message } : { path, code },
    ),
  };
}

attachResolvers();
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

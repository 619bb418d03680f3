// The same tables behind PostGraphile, on node:http.
import { createServer } from 'node:http';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { addPgTableOrderBy, orderByAscDesc } from 'postgraphile/utils';
import { PostGraphileConnectionFilterPreset } from 'postgraphile-plugin-connection-filter';

// Of the orders that PostGraphile brings, "descending" has the missing values first.
const nullsLast = (tableName, column) =>
  addPgTableOrderBy({ schemaName: 'public', tableName }, () =>
    orderByAscDesc(`${column}_nulls_last`.toUpperCase(), column, { nulls: 'last' }));

// One plan suits all keys; by default PostgreSQL would make another one for many a request.
const poolConfig = { max: 8, options: '-c plan_cache_mode=force_generic_plan' };

const instance = postgraphile({
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  plugins: [nullsLast('credit', 'released_on'), nullsLast('production_company', 'released_on')],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ['public'], poolConfig })],
  schema: {
    connectionFilterRelations: true,
    // Like Shotlist's, this server only reads.
    defaultBehavior: '-insert -update -delete',
  },
  grafserv: { graphqlPath: '/graphql', graphiql: false, watch: false, outputDataAsString: true },
  grafast: { explain: false },
});

const server = createServer();
await instance.createServ(grafserv).addTo(server);
process.once('SIGTERM', () => process.exit());
server.listen(Number(process.env.PORT), '127.0.0.1');

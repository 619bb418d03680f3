import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './style.css';
import { mount } from './app.js';

const queries = import.meta.glob('./examples/*.graphql', {
  query: '?raw',
  eager: true,
  import: 'default',
});
const variables = import.meta.glob('./examples/*.json', {
  query: '?raw',
  eager: true,
  import: 'default',
});

mount(
  Object.keys(queries)
    .sort()
    .map((path) => ({
      query: queries[path],
      variables: variables[path.replace(/graphql$/, 'json')],
    })),
);

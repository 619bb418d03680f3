// No JSX here: the CDN page includes this file as it stands.
import { createElement as h } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { explorerPlugin } from '@graphiql/plugin-explorer';

const fetcher = createGraphiQLFetcher({
  url: new URL('./graphql', document.baseURI).href,
  enableIncrementalDelivery: false,
});
const plugins = [HISTORY_PLUGIN, explorerPlugin()];

const titleOf = ({ query }) => query.split('\n', 1)[0].replace(/^#\s*/, '');

/** The menu of example queries. */
function Examples({ examples }) {
  const { addTab } = useGraphiQLActions();
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const responseEditor = useGraphiQL((state) => state.responseEditor);

  function open({ query, variables = '' }) {
    const current = queryEditor.getValue();
    // A visitor's own query is kept in its tab.
    if (current && !examples.some((example) => example.query === current)) addTab();
    queryEditor.setValue(query);
    variableEditor.setValue(variables.trim());
    responseEditor.setValue('');
    // GraphiQL has no call that unfolds the variables.
    if (variables) document.querySelector('.graphiql-editor-tools [data-name=variables]').click();
    queryEditor.focus();
  }

  return h(
    'select',
    {
      id: 'examples',
      'aria-label': 'Examples',
      disabled: !(queryEditor && variableEditor && responseEditor),
      // Always back to the heading, so that the same example can be chosen again.
      value: '',
      onChange: (event) => open(examples[event.target.value]),
    },
    h('option', { value: '', hidden: true }, 'Examples'),
    examples.map((example, index) => h('option', { key: index, value: index }, titleOf(example))),
  );
}

/** Puts the playground on the page. An example has a query and may have variables, as JSON text. */
export function mount(sources) {
  const examples = sources.map((source) => ({ ...source, query: source.query.trim() }));
  createRoot(document.getElementById('playground')).render(
    h(
      GraphiQL,
      { fetcher, plugins, defaultQuery: examples[0].query },
      h(GraphiQL.Logo, null, h('h1', null, 'Shotlist'), h(Examples, { examples })),
    ),
  );
}

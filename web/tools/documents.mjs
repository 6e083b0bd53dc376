// A plugin of graphql-codegen: `typed-document-node` of the operations of some files alone (`of`), or of all files but some (`except`). A
// module of its own is what a bundler can leave out of the first scripts. Fragments of the other files are known to it. `types` names the
// module that has the types.
import { plugin as typedDocuments } from '@graphql-codegen/typed-document-node';
import { Kind } from 'graphql';
import { basename } from 'node:path';

export const plugin = (schema, files, { of, except = [], types, ...config }) => {
  const isOne = ({ location }) => {
    const name = basename(location, '.graphql');
    return of ? of.includes(name) : !except.includes(name);
  };
  const externalFragments = files
    .filter(file => !isOne(file))
    .flatMap(file => file.document.definitions)
    .filter(definition => definition.kind === Kind.FRAGMENT_DEFINITION)
    .map(node => ({ node, name: node.name.value, onType: node.typeCondition.name.value, isExternal: true }));
  const made = typedDocuments(schema, files.filter(isOne), {
    ...config,
    externalFragments,
    ...(types ? { importOperationTypesFrom: 'Types' } : {}),
  });
  return types ? { ...made, prepend: [`import type * as Types from '${types}';`, ...made.prepend] } : made;
};

import type { CodegenConfig } from '@graphql-codegen/cli';

/** What `src/app/core` asks, which the first page needs. All other operations are loaded with the pages that ask them. */
const FIRST = ['account', 'entries', 'organise', 'sync'];

/** Types of operations alone: what no operation asks for has no type here. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: 'src/app/gql/*.graphql',
  config: {
    scalars: {
      ID: 'string',
      Date: 'string',
      DateTime: 'string',
      Bytes: 'number',
      JSON: 'unknown',
    },
    useTypeImports: true,
    enumsAsTypes: true,
    enumType: 'string-literal',
    immutableTypes: true,
    skipTypename: false,
    dedupeFragments: true,
    inputMaybeValue: 'T | null | undefined',
    maybeValue: 'T | null',
  },
  generates: {
    'src/app/gql/generated.ts': {
      plugins: ['typescript-operations', { './tools/documents.mjs': { except: FIRST } }],
    },
    'src/app/gql/first.ts': {
      plugins: [{ './tools/documents.mjs': { of: FIRST, types: './generated' } }],
    },
  },
};
export default config;

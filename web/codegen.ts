import type { CodegenConfig } from '@graphql-codegen/cli';

/** Types of operations alone: what no operation asks for has no type here. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: 'src/app/gql/*.graphql',
  generates: {
    'src/app/gql/generated.ts': {
      plugins: ['typescript-operations', 'typed-document-node'],
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
    },
  },
};
export default config;

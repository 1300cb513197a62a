// What GraphQL Code Generator is asked for: a type for each document of client.ts, by the schema.

import type { CodegenConfig } from "@graphql-codegen/cli";

export default {
  schema: "schema.graphql",
  documents: "client.ts",
  generates: {
    "./generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        importExtension: ".js",
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        scalars: { Cursor: "string", DateTime: "string", JSON: "unknown", Long: "string" },
      },
    },
  },
} satisfies CodegenConfig;

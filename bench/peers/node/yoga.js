// GraphQL Yoga with its JIT plugin on Node's own server, as https://the-guild.dev/graphql/yoga-server advises.
import { createServer } from 'node:http';
import { useGraphQlJit } from '@envelop/graphql-jit';
import { createSchema, createYoga } from 'graphql-yoga';
import { contextOf, resolvers, serving, typeDefs } from './graph.js';

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  plugins: [useGraphQlJit()],
  context: ({ req }) => contextOf(req.headers),
  logging: false,
  graphiql: false,
  landingPage: false,
  multipart: false,
});
const server = createServer(yoga);
server.listen(Number(process.env.PORT), '127.0.0.1', () =>
  serving(() => {
    server.closeAllConnections();
    server.close();
  }),
);

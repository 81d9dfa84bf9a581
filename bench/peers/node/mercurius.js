// Mercurius with its JIT from the first use on, as https://mercurius.dev advises; its cache of parsed documents is on.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { contextOf, resolvers, serving, typeDefs } from './graph.js';

const app = Fastify();
app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  context: (request) => contextOf(request.headers),
  jit: 1,
  cache: 1024,
  graphiql: false,
});
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
serving(() => app.close());

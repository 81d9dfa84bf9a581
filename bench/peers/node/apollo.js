// Apollo Server on Fastify, the quicker of its integrations; its cache of parsed and validated documents is on.
import { ApolloServer } from '@apollo/server';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import Fastify from 'fastify';
import { contextOf, resolvers, serving, typeDefs } from './graph.js';

const app = Fastify();
const apollo = new ApolloServer({
  typeDefs,
  resolvers,
  plugins: [fastifyApolloDrainPlugin(app)],
  introspection: false,
  includeStacktraceInErrorResponses: false,
  stopOnTerminationSignals: false,
});
await apollo.start();
await app.register(fastifyApollo(apollo), { context: async (request) => contextOf(request.headers) });
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
serving(() => app.close());

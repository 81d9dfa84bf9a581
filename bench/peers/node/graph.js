// The graph that all three Node servers serve: schema, resolvers, and a request's loaders.
import { readFileSync } from 'node:fs';
import DataLoader from 'dataloader';
import { Billing } from './billing.js';
import { PropertyManagement } from './property.js';
import * as translating from './translating.js';

export const typeDefs = readFileSync(new URL('../graph.graphql', import.meta.url), 'utf8');

const env = process.env;
const property = new PropertyManagement({
  url: env.PEER_PROPERTY_URL,
  user: env.PEER_PROPERTY_USER,
  password: env.PEER_PROPERTY_PASSWORD,
});
const billing = new Billing({ url: env.PEER_BILLING_URL, user: env.PEER_BILLING_USER, secret: env.PEER_BILLING_SECRET });

/** What one request works with. Who is asking stands in headers that a trusted proxy has set. */
export function contextOf(headers) {
  return { lease: headers['x-lease'], account: headers['x-account'], loaders: new Loaders() };
}

/** Loaders are made when they are first needed: a light query pays for one. */
class Loaders {
  get leases() {
    return this.once('leases', (references) => translated(property.leases(references), translating.lease));
  }

  get dwellings() {
    return this.once('dwellings', (references) => translated(property.dwellings(references), translating.dwelling));
  }

  get advisors() {
    return this.once('advisors', (sectors) => translated(property.advisors(sectors), translating.advisor));
  }

  get agencies() {
    return this.once('agencies', (codes) => Promise.all(codes.map(agencyOf)));
  }

  get works() {
    return this.once('works', (dwellings) => translated(property.works(dwellings, yearsAgo(2)), translating.works));
  }

  get accounts() {
    return this.once('accounts', (numbers) => translated(billing.accounts(numbers), translating.balance));
  }

  get notices() {
    return this.once('notices', (numbers) => billing.notices(numbers));
  }

  water(from, to) {
    return this.once(`water ${from} ${to}`, (dwellings) =>
      translated(property.water(dwellings, month(from), month(to)), translating.water),
    );
  }

  once(name, batch) {
    const loader = new DataLoader(batch);
    Object.defineProperty(this, name, { value: loader, configurable: true });
    return loader;
  }
}

export const resolvers = {
  Query: {
    me: (_, __, context) => (context.lease && context.account ? { id: context.lease } : null),
  },
  Tenant: {
    id: ({ id }) => Buffer.from(`Tenant:${id}`).toString('base64url'),
    accountLabel: (_, __, context) => context.account,
    leaseHolder: async (_, __, context) => (await leaseOf(context))?.holder ?? null,
    lease: (_, __, context) => leaseOf(context),
    dwelling: async (_, __, context) => {
      const lease = await leaseOf(context);
      return lease?.dwellingReference ? context.loaders.dwellings.load(lease.dwellingReference) : null;
    },
    balance: (_, __, { account, loaders }) => loaders.accounts.load(account),
    dueNotices: async (_, { first }, { account, loaders }) => {
      const notices = await loaders.notices.load(account);
      return notices && translating.dueNotices(notices, first);
    },
    waterConsumption: async (_, { from = monthsBefore(12), to = monthsBefore(0) }, context) => {
      const lease = await leaseLivedIn(context);
      return lease?.dwellingReference ? context.loaders.water(from, to).load(lease.dwellingReference) : null;
    },
    advisor: async (_, __, context) => {
      const lease = await leaseLivedIn(context);
      return lease?.sector ? context.loaders.advisors.load(lease.sector) : null;
    },
    usefulContacts: async (_, __, context) => {
      const lease = await leaseOf(context);
      return translating.contacts(lease?.agencyCode ? await context.loaders.agencies.load(lease.agencyCode) : null);
    },
    works: async (_, __, context) => {
      const lease = await leaseLivedIn(context);
      return lease?.dwellingReference ? context.loaders.works.load(lease.dwellingReference) : null;
    },
  },
  Advisor: {
    agency: ({ agencyCode }, _, { loaders }) => (agencyCode ? loaders.agencies.load(agencyCode) : null),
  },
};

/** Says that the server listens, and gives sessions back at its end. */
export function serving(close) {
  process.once('SIGTERM', async () => {
    await close();
    await Promise.all([property.close(), billing.close()]);
    process.exit(0);
  });
  console.log('ready');
}

function leaseOf({ lease, loaders }) {
  return loaders.leases.load(lease);
}

async function leaseLivedIn(context) {
  const lease = await leaseOf(context);
  return lease && lease.status !== 'ENDED' && !(lease.endsOn !== null && lease.endsOn < today()) ? lease : null;
}

async function agencyOf(code) {
  try {
    const answer = await property.agency(code);
    return answer && translating.agency(answer, code);
  } catch (error) {
    return error;
  }
}

async function translated(items, translate) {
  return (await items).map((item) => {
    if (item === null || item instanceof Error) return item;
    try {
      return translate(item);
    } catch (error) {
      return error;
    }
  });
}

const PARIS = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris' });
let day = { text: '', until: 0 };

/** The civil date in Paris; formatting one is slow, so it is done once a second. */
function today() {
  const now = Date.now();
  if (now >= day.until) day = { text: PARIS.format(now), until: now + 1000 };
  return day.text;
}

/** This day so many years ago as JJ/MM/AAAA. */
function yearsAgo(years) {
  const [year, monthNumber, dayOfMonth] = today().split('-');
  return `${monthNumber === '02' && dayOfMonth === '29' ? '28' : dayOfMonth}/${monthNumber}/${year - years}`;
}

/** 2026-11 */
function monthsBefore(months) {
  const [year, monthNumber] = today().split('-').map(Number);
  return new Date(Date.UTC(year, monthNumber - 1 - months)).toISOString().slice(0, 7);
}

/** 2026-11 as MM/AAAA */
function month(text) {
  return `${text.slice(5)}/${text.slice(0, 4)}`;
}

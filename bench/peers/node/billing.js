// Billing over REST: one keep-alive pool, one token, batches, KO answers. Contract: docs/legacy.
import { Pool } from 'undici';

const UNKNOWN = 'FAC-404';

export class Billing {
  #pool;
  #path;
  #user;
  #secret;
  #token = null;

  constructor({ url, user, secret }) {
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin, { connections: 32 });
    this.#path = pathname;
    this.#user = user;
    this.#secret = secret;
  }

  /** An account for every number in its order: null where unknown, an Error where it failed. */
  async accounts(numbers) {
    const found = new Map();
    for (const some of chunks(numbers, 100)) {
      const answer = await this.#ask('/comptes/recherche', { numerosCompte: some });
      noteErrors(answer, found);
      for (const account of answer.comptes) {
        if (!found.has(account.numeroCompte)) found.set(account.numeroCompte, account);
      }
    }
    return numbers.map((number) => found.get(number) ?? silent(found, number));
  }

  /** All notices for every number in its order, as `accounts`. */
  async notices(numbers) {
    const found = new Map();
    for (const some of chunks(numbers, 25)) {
      const answer = await this.#ask('/avis-echeance/recherche', { numerosCompte: some, depuisPeriode: 190001 });
      noteErrors(answer, found);
      for (const notice of answer.avis) {
        if (!found.has(notice.numeroCompte)) found.set(notice.numeroCompte, []);
        found.get(notice.numeroCompte).push(notice);
      }
    }
    return numbers.map((number) => (found.has(number) ? found.get(number) : []));
  }

  async close() {
    await this.#pool.close();
  }

  async #ask(path, question) {
    this.#token ??= this.#create();
    const token = this.#token;
    let answer = await this.#send(path, question, await token);
    if (answer.status === 401) {
      if (this.#token === token) this.#token = this.#create();
      answer = await this.#send(path, question, await this.#token);
    }
    if (answer.status !== 200) throw new Error(`${path}: HTTP ${answer.status}`);
    if (answer.content.statut === 'KO') throw new Error(`${path}: KO ${answer.content.code}`);
    return answer.content;
  }

  async #create() {
    try {
      const answer = await this.#send('/jetons', { identifiant: this.#user, secret: this.#secret });
      if (answer.status !== 200) throw new Error(`/jetons: HTTP ${answer.status}`);
      return answer.content.jeton;
    } catch (error) {
      this.#token = null;
      throw error;
    }
  }

  async #send(path, question, token) {
    const headers = { 'content-type': 'application/json' };
    if (token) headers.authorization = `Bearer ${token}`;
    const { statusCode, body } = await this.#pool.request({
      path: this.#path + path,
      method: 'POST',
      headers,
      body: JSON.stringify(question),
    });
    const text = await body.text();
    return { status: statusCode, content: statusCode === 200 ? JSON.parse(text) : null };
  }
}

function noteErrors(answer, found) {
  for (const { numeroCompte, code } of answer.erreurs) {
    if (!found.has(numeroCompte)) found.set(numeroCompte, code === UNKNOWN ? null : new Error(`billing: ${code}`));
  }
}

function silent(found, number) {
  return found.has(number) ? null : new Error('billing: no answer for an account');
}

function* chunks(keys, size) {
  for (let start = 0; start < keys.length; start += size) yield keys.slice(start, start + size);
}

// Property management over SOAP: one keep-alive pool, one session, batches, return codes. Contract: docs/legacy.
import { Pool } from 'undici';
import { parse } from 'txml/txml';

const NAMESPACE = 'http://ws.gestion-locative.example/2013/03';
const OK = 0;
const PARTIAL = 4;
const UNKNOWN = 10;
const SESSION_EXPIRED = 30;
const PLACES = 8; // what the system takes at a time; the pool queues the rest

export class PropertyManagement {
  #pool;
  #path;
  #user;
  #password;
  #session = null;

  constructor({ url, user, password }) {
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin, { connections: PLACES });
    this.#path = pathname;
    this.#user = user;
    this.#password = password;
  }

  leases(references) {
    return this.#items('ConsulterContrats', 'Contrat', 'RefContrat', references, 50);
  }

  dwellings(references) {
    return this.#items('ConsulterLogements', 'Logement', 'RefLogement', references, 50);
  }

  advisors(sectors) {
    return this.#items('ConsulterConseillers', 'Conseiller', 'CodeSecteur', sectors, 50);
  }

  water(dwellings, from, to) {
    const after = element('PeriodeDebut', from) + element('PeriodeFin', to);
    return this.#items('RelevesCompteurs', 'RelevesLogement', 'RefLogement', dwellings, 20, after);
  }

  /** Rows of works by dwelling, all pages. */
  async works(dwellings, since) {
    const found = new Map(dwellings.map((dwelling) => [dwelling, []]));
    for (const some of chunks(dwellings, 20)) {
      const fields = elements('RefLogement', some) + element('DepuisLe', since);
      let key = '';
      do {
        const answer = await this.#ask('ListerTravaux', fields + key);
        for (const row of answer.Travaux ?? []) found.get(row.RefLogement)?.push(row);
        key = answer.Suite === 'O' ? element('CleReprise', answer.CleReprise) : '';
      } while (key);
    }
    return dwellings.map((dwelling) => found.get(dwelling));
  }

  /** The whole answer about an agency, null where unknown. */
  async agency(code) {
    const answer = await this.#ask('ListerContacts', element('CodeAgence', code), UNKNOWN);
    return answer.Agence ? answer : null;
  }

  async close() {
    if (this.#session) await this.#send('FermerSession', await this.#session, '').catch(() => {});
    await this.#pool.close();
  }

  /** An item for every key in its order: null where unknown, an Error where it failed or nothing was said of it. */
  async #items(operation, name, keyName, keys, limit, after = '') {
    const found = new Map();
    for (const some of chunks(keys, limit)) {
      const answer = await this.#ask(operation, elements(keyName, some) + after);
      for (const item of answer[name] ?? []) {
        if (!found.has(item[keyName])) found.set(item[keyName], outcome(operation, item));
      }
    }
    const silent = operation === 'ConsulterLogements' ? null : new Error(`${operation}: no answer for a key`);
    return keys.map((key) => (found.has(key) ? found.get(key) : silent));
  }

  async #ask(operation, fields, meaningful = OK) {
    this.#session ??= this.#open();
    const session = this.#session;
    let answer = await this.#send(operation, await session, fields);
    let code = returnCode(answer);
    if (code === SESSION_EXPIRED) {
      if (this.#session === session) this.#session = this.#open();
      answer = await this.#send(operation, await this.#session, fields);
      code = returnCode(answer);
    }
    if (code !== OK && code !== PARTIAL && code !== meaningful) throw new Error(`${operation}: code ${code}`);
    return answer;
  }

  async #open() {
    try {
      const fields = element('Identifiant', this.#user) + element('MotDePasse', this.#password);
      const answer = await this.#send('OuvrirSession', null, fields);
      if (returnCode(answer) !== OK) throw new Error(`OuvrirSession: code ${returnCode(answer)}`);
      return answer.JetonSession;
    } catch (error) {
      this.#session = null;
      throw error;
    }
  }

  async #send(operation, session, fields) {
    const token = session ? element('JetonSession', session) : '';
    const { statusCode, body } = await this.#pool.request({
      path: this.#path,
      method: 'POST',
      headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: `"${NAMESPACE}/${operation}"` },
      body:
        '<?xml version="1.0" encoding="UTF-8"?>' +
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' +
        `<${operation} xmlns="${NAMESPACE}"><Entete><CodeSociete>01</CodeSociete>` +
        `<SystemeSource>PORTAIL</SystemeSource>${token}</Entete>${fields}</${operation}></s:Body></s:Envelope>`,
    });
    const bytes = Buffer.from(await body.arrayBuffer());
    if (statusCode !== 200) throw new Error(`${operation}: HTTP ${statusCode}`);
    return read(find(find(parse(decoded(bytes)), 'Envelope').children, 'Body').children.find(isElement));
  }
}

function outcome(operation, item) {
  const code = Number(item.CodeRetour);
  if (code === OK) return item;
  return code === UNKNOWN ? null : new Error(`${operation}: item code ${code}`);
}

function returnCode(answer) {
  return Number(answer.Retour[0].CodeRetour);
}

/** Leaves as trimmed texts, absent where blank; everything else as lists of the same, by local name. */
function read(node) {
  const found = {};
  for (const child of node.children) {
    if (!isElement(child)) continue;
    const name = localName(child.tagName);
    const [first] = child.children;
    if (first === undefined) continue;
    if (typeof first === 'string') {
      const text = unescaped(first).trim();
      if (text && !(name in found)) found[name] = text;
    } else {
      (found[name] ??= []).push(read(child));
    }
  }
  return found;
}

function find(nodes, name) {
  return nodes.find((node) => isElement(node) && localName(node.tagName) === name);
}

function isElement(node) {
  return typeof node === 'object';
}

function localName(tagName) {
  return tagName.slice(tagName.indexOf(':') + 1);
}

// Declared ISO-8859-1, stored as Windows-1252.
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

function decoded(bytes) {
  const text = bytes.latin1Slice();
  return /[\x80-\x9f]/.test(text)
    ? text.replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80])
    : text;
}

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text) {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#x([0-9a-f]+)|#([0-9]+)|([a-z]+));/gi, (whole, hexadecimal, decimal, name) => {
    if (name) return ENTITIES[name] ?? whole;
    const code = hexadecimal ? parseInt(hexadecimal, 16) : Number(decimal);
    return code >= 0x80 && code <= 0x9f ? WINDOWS_1252[code - 0x80] : String.fromCodePoint(code);
  });
}

function element(name, text) {
  return `<${name}>${text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)}</${name}>`;
}

function elements(name, texts) {
  return texts.map((text) => element(name, text)).join('');
}

function* chunks(keys, size) {
  for (let start = 0; start < keys.length; start += size) yield keys.slice(start, start + size);
}

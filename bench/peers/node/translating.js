// What the legacy systems say as the graph shows it: codes, sentinels, signs, exact amounts. Contract: docs/legacy.

const LEASE_STATUSES = { A: 'ACTIVE', P: 'NOTICE_GIVEN', R: 'ENDED' };
const WATER_KINDS = { EF: 'COLD', EC: 'HOT' };
const WATER_ORDER = { COLD: 0, HOT: 1, OTHER: 2 };
const WORK_STATES = {
  '010': 'REQUESTED',
  '020': 'ORDERED',
  '030': 'APPOINTMENT_SET',
  '040': 'IN_PROGRESS',
  '050': 'DONE',
  '060': 'VERIFIED',
  '090': 'CANCELLED',
};
const TOPICS = {
  AST: 'ON_CALL',
  ASC: 'LIFT',
  CHF: 'HEATING',
  ROB: 'PLUMBING',
  ANT: 'TV',
  GAZ: 'GAS',
  ELE: 'ELECTRICITY',
  GAR: 'CARETAKER',
};
const CATEGORIES = {
  LOY: 'RENT',
  PCG: 'CHARGES',
  PEF: 'WATER',
  PEC: 'WATER',
  PCH: 'HEATING',
  GAR: 'PARKING',
  SLS: 'SURCHARGE',
  RLS: 'BENEFIT',
  APL: 'BENEFIT',
  RGC: 'ADJUSTMENT',
  RGE: 'ADJUSTMENT',
  RAP: 'ADJUSTMENT',
  PLA: 'PAYMENT_PLAN',
  DIV: 'MISC',
};
const FRESHNESS = { source: 'BILLING', stale: false };
const NATIONAL = [
  ['SAMU', '15'],
  ['Police secours', '17'],
  ['Sapeurs-pompiers', '18'],
  ['Urgences, numéro européen', '112'],
].map(([label, number]) => ({ label, topic: 'NATIONAL', phone: number }));

export function lease(item) {
  const principals = item.Titulaire.filter((holder) => holder.Principal === 'O');
  if (principals.length !== 1) throw new Error('not exactly one principal holder');
  return {
    reference: item.RefContrat,
    status: LEASE_STATUSES[item.CodeEtat] ?? 'OTHER',
    startsOn: date(item.DateEffet),
    endsOn: date(item.DateFin),
    baseRent: item.LoyerPrincipal === undefined ? null : money(Math.round(Number(decimal(item.LoyerPrincipal)) * 100)),
    holder: leaseHolder(principals[0]),
    dwellingReference: item.RefLogement ?? null,
    sector: item.CodeSecteur ?? null,
    agencyCode: item.CodeAgence ?? null,
  };
}

function leaseHolder(item) {
  return {
    firstName: item.Prenom ?? null,
    lastName: item.Nom,
    fullName: fullName(item),
    birthDate: date(item.DateNaissance),
    email: email(item.Courriel),
    phone: phone(item.Telephone),
  };
}

export function dwelling(item) {
  return {
    reference: item.RefLogement,
    residence: item.Residence ?? null,
    floor: integer(item.Etage),
    rooms: integer(item.NombrePieces),
    livingArea: area(item.SurfaceHabitable),
    address: address(item),
  };
}

export function water(item) {
  const meters = (item.Compteur ?? []).map(meter);
  meters.sort(
    (a, b) =>
      WATER_ORDER[a.kind] - WATER_ORDER[b.kind] ||
      compare(a.installedOn ?? '', b.installedOn ?? '') ||
      compare(a.serial, b.serial),
  );
  return { coldTotal: total(meters, 'COLD'), hotTotal: total(meters, 'HOT'), meters };
}

function meter(item) {
  const perUnit = { M3: 1000, L: 1 }[item.Unite];
  if (!perUnit) throw new Error('neither M3 nor L');
  const months = new Map();
  for (const { Mois, Valeur, Estimee } of item.Consommation ?? []) {
    const month = `${Mois.slice(3)}-${Mois.slice(0, 2)}`;
    if (months.has(month)) continue;
    const litres = Math.round(Number(decimal(Valeur)) * perUnit);
    months.set(month, { month, litres, volume: cubicMetres(litres), estimated: Estimee === 'O' });
  }
  return {
    serial: item.NumeroCompteur,
    kind: WATER_KINDS[item.TypeFluide] ?? 'OTHER',
    installedOn: date(item.DatePose),
    months: [...months.values()].sort((a, b) => compare(a.month, b.month)),
  };
}

function total(meters, kind) {
  let litres = 0;
  for (const each of meters) {
    if (each.kind === kind) for (const month of each.months) litres += month.litres;
  }
  return cubicMetres(litres);
}

/** Works of one dwelling, each once, newest request first. */
export function works(rows) {
  const found = new Map();
  for (const row of rows) if (!found.has(row.RefTravaux)) found.set(row.RefTravaux, work(row));
  return [...found.values()].sort(
    (a, b) => compare(b.requestedOn, a.requestedOn) || compare(a.reference, b.reference),
  );
}

function work(row) {
  const company = row.Entreprise?.[0];
  return {
    reference: row.RefTravaux,
    title: row.LibelleNature ?? row.Description ?? row.RefTravaux,
    state: WORK_STATES[row.CodeEtat] ?? 'OTHER',
    requestedOn: date(row.DateDemande),
    plannedFrom: date(row.DateDebutPrevue),
    contractor: company?.RaisonSociale ? { name: company.RaisonSociale, phone: phone(company.Telephone) } : null,
  };
}

/** Null while the post is vacant. */
export function advisor(item) {
  if (item.CodeConseiller === undefined) return null;
  return {
    fullName: fullName(item),
    phone: phone(item.Telephone),
    email: email(item.Courriel),
    agencyCode: item.CodeAgence ?? null,
  };
}

export function agency(answer, code) {
  const contacts = new Map();
  for (const item of answer.ContactUtile ?? []) {
    const number = phone(item.Telephone);
    const label = item.Libelle ?? item.CodeTheme ?? number;
    const key = `${item.CodeTheme} ${label}`;
    if (number === null || contacts.has(key)) continue;
    contacts.set(key, { label, topic: TOPICS[item.CodeTheme] ?? 'OTHER', phone: number, last: item.Urgence !== 'O' });
  }
  return {
    name: answer.Agence[0].Libelle ?? code,
    contacts: [...contacts.values()].sort((a, b) => a.last - b.last || compare(a.label, b.label)),
  };
}

/** The national emergency numbers, then the agency's contacts. */
export function contacts(ofAgency) {
  return ofAgency ? NATIONAL.concat(ofAgency.contacts) : NATIONAL;
}

export function balance(account) {
  const cents = owed(account.solde);
  return {
    amount: money(cents),
    due: money(owed(account.soldeExigible)),
    direction: cents > 0 ? 'OWED' : cents < 0 ? 'IN_CREDIT' : 'SETTLED',
    freshness: FRESHNESS,
  };
}

/** The newest notices first, each period once. Only those that are shown are translated. */
export function dueNotices(found, first) {
  const periods = new Map();
  for (const notice of found) if (!periods.has(notice.periode)) periods.set(notice.periode, notice);
  const newest = [...periods.values()].sort((a, b) => b.periode - a.periode).slice(0, first);
  return { nodes: newest.map(dueNotice) };
}

function dueNotice(notice) {
  const { periode } = notice;
  return {
    id: Buffer.from(`DueNotice:${notice.id}`).toString('base64url'),
    number: notice.id,
    period: `${Math.floor(periode / 100)}-${String(periode % 100).padStart(2, '0')}`,
    issuedOn: notice.dateEmission,
    dueOn: notice.dateLimite,
    previousBalance: money(owed(notice.soldeAnterieur)),
    periodTotal: money(owed(notice.totalMois)),
    amountDue: money(owed(notice.netAPayer)),
    lines: notice.lignes.map(line),
  };
}

function line({ rubrique, libelle, debit, credit, quantite, unite }) {
  const code = rubrique.trim();
  return {
    code,
    label: libelle.trim(),
    category: CATEGORIES[code] ?? 'OTHER',
    amount: money(debit != null ? Math.round(debit * 100) : owed(credit)),
    quantity: quantite == null ? null : String(quantite),
    unit: unite?.trim() || null,
  };
}

// Billing writes what the tenant owes as negative; + 0 makes no negative zero.
function owed(amount) {
  return -Math.round(amount * 100) + 0;
}

function money(cents) {
  return { amount: (cents / 100).toFixed(2), cents, currency: 'EUR' };
}

function cubicMetres(litres) {
  return (litres / 1000).toFixed(3);
}

/** JJ/MM/AAAA as ISO; null for the system's ways of saying none. */
function date(text) {
  if (text === undefined || text === '01/01/1900' || text === '31/12/9999') return null;
  return `${text.slice(6)}-${text.slice(3, 5)}-${text.slice(0, 2)}`;
}

function decimal(text) {
  return text.replace(/[ \u00a0]/g, '').replace(',', '.');
}

function area(text) {
  return text === undefined || text === '9999,99' || text === '999,99' ? null : decimal(text);
}

function integer(text) {
  return text === undefined || text === '999' ? null : Number(text);
}

function phone(text) {
  const digits = text?.replace(/[\s.]/g, '');
  return digits === undefined || digits === '0000000000' ? null : digits;
}

function email(text) {
  return text === undefined || text.toUpperCase() === 'NEANT' ? null : text;
}

function fullName(item) {
  return item.Prenom === undefined ? item.Nom : `${item.Prenom} ${item.Nom}`;
}

function address(item) {
  if (item.CodePostal === undefined || item.Ville === undefined) return null;
  const lines = [item.Adresse1, item.Adresse2].filter((each) => each !== undefined);
  return { lines, postalCode: item.CodePostal, town: item.Ville };
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

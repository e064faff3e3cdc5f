// Makes services/Vault/Unicode/forms.txt from what Node knows of Unicode: node eng/unicode/forms.mjs > services/Vault/Unicode/forms.txt
//
// A line is a code point, its canonical combining class if it has one, and what it decomposes into in full: by its canonical decomposition, or after "~" by its
// compatibility decomposition if it has no other. Hangul syllables are left out: they follow from a rule.
//
// JavaScript does not tell the class of a mark, but normalisation sorts by it: a mark is of the class of which it passes no known mark either way, and passes some of another.
const known = { 0x334: 1, 0x16ff0: 6, 0x93c: 7, 0x3099: 8, 0x94d: 9, 0x5b0: 10, 0x5b1: 11, 0x5b2: 12, 0x5b3: 13, 0x5b4: 14, 0x5b5: 15, 0x5b6: 16, 0x5b7: 17, 0x5b8: 18,
  0x5b9: 19, 0x5bb: 20, 0x5bc: 21, 0x5bd: 22, 0x5bf: 23, 0x5c1: 24, 0x5c2: 25, 0xfb1e: 26, 0x64b: 27, 0x64c: 28, 0x64d: 29, 0x64e: 30, 0x64f: 31, 0x650: 32, 0x651: 33,
  0x652: 34, 0x670: 35, 0x711: 36, 0xc55: 84, 0xc56: 91, 0xe38: 103, 0xe48: 107, 0xeb8: 118, 0xec8: 122, 0xf71: 129, 0xf72: 130, 0xf74: 132, 0x321: 202, 0x1dce: 214,
  0x31b: 216, 0x302a: 218, 0x316: 220, 0x59a: 222, 0x302e: 224, 0x1d16d: 226, 0x5ae: 228, 0x301: 230, 0x315: 232, 0x35c: 233, 0x35d: 234, 0x345: 240 };
const marks = Object.entries(known).map(([mark, order]) => [String.fromCodePoint(Number(mark)), order]);

// Whether the second is put before the first.
const passes = (first, second) => (first + second).normalize('NFD') !== first + second;

function classOf(mark) {
  const same = marks.filter(([other]) => !passes(mark, other) && !passes(other, mark));
  return same.length === 1 ? same[0][1] : '';
}

const hex = text => [...text].map(c => c.codePointAt(0).toString(16).toUpperCase()).join(' ');

console.log(`# Unicode ${process.versions.unicode}: code point; canonical combining class; full decomposition, "~" before one that is not canonical. Made by eng/unicode/forms.mjs from`);
console.log('# the Unicode Character Database, © Unicode, Inc., Unicode License v3.');
for (let point = 0x80; point < 0x110000; point++) {
  if ((point >= 0xd800 && point < 0xe000) || (point >= 0xac00 && point <= 0xd7a3))
    continue;
  const one = String.fromCodePoint(point);
  const [canonical, compatible] = [one.normalize('NFD'), one.normalize('NFKD')];
  const order = canonical === one ? classOf(one) : '';
  const into = canonical !== one ? hex(canonical) : compatible !== one ? `~${hex(compatible)}` : '';
  if (order !== '' || into !== '')
    console.log(`${hex(one)};${order};${into}`);
}

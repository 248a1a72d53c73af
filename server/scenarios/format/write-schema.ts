/** Writes scenarios/schema.json; format.test.ts fails while it is not what the code says. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchema } from './json-schema.ts';

writeFileSync(
  join(import.meta.dirname, '../../../scenarios/schema.json'),
  `${JSON.stringify(jsonSchema(), null, 2)}\n`,
);

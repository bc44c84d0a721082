import { canInstall, installPackages } from '../servers/apt.ts';
import { findProgram } from '../servers/find-program.ts';
import { findTestMariaDb } from '../servers/test-databases.ts';
import { findTestRedis } from '../servers/test-redis-server.ts';

interface Need {
  readonly what: string;
  readonly debianPackage: string;
  /** Environment variable that names one of the person's own instead. */
  readonly variable: string;
  readonly isThere: () => Promise<boolean>;
}

export const CHROMIUM_NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
] as const;

const NEEDS: readonly Need[] = [
  {
    what: 'a Redis server',
    debianPackage: 'redis-server',
    variable: 'TEST_REDIS_URL',
    isThere: async () => (await findTestRedis()) !== null,
  },
  {
    what: 'a MariaDB server',
    debianPackage: 'mariadb-server',
    variable: 'TEST_MYSQL_URL',
    isThere: async () => (await findTestMariaDb()) !== null,
  },
  {
    what: 'a Chromium browser',
    debianPackage: 'chromium',
    variable: 'CHROMIUM_PATH',
    isThere: async () => findProgram(CHROMIUM_NAMES) !== null,
  },
];

/**
 * Makes sure that the tests find what they run against, and installs it where that needs no question. Resolves with
 * what is still missing, in words; empty is good.
 */
export async function provideNeededPrograms(say: (text: string) => void): Promise<string[]> {
  const missing = await stillMissing();
  if (missing.length > 0 && canInstall())
    await installPackages(
      missing.map(({ debianPackage }) => debianPackage),
      say,
    );
  return (await stillMissing()).map(
    ({ what, debianPackage, variable }) =>
      `The tests need ${what}. Install it:  sudo apt-get install -y ${debianPackage}   or name yours:  ${variable}=…`,
  );
}

async function stillMissing(): Promise<Need[]> {
  const missing: Need[] = [];
  for (const need of NEEDS) {
    if (!process.env[need.variable] && !(await need.isThere())) missing.push(need);
  }
  return missing;
}

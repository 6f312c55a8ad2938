import { Command } from 'commander'
import { inspectModel } from '@tacojs/orchestrator'
import { formatCount, formatPercent, formatTable } from '../format.js'

export const inspectCommand = (_signal: AbortSignal): Command =>
  new Command('inspect')
    .description('what a model is: layers, shapes, MACs, parameters, what is prunable, preprocessing')
    .requiredOption('--model <path>', 'ONNX file, folder with model.onnx, or bundle')
    .option('--json', 'print everything as one JSON object on stdout')
    .action(async (flags) => {
      const info = await inspectModel(flags.model)
      if (flags.json) {
        process.stdout.write(`${JSON.stringify(info)}\n`)
        return
      }
      const signature = (values: typeof info.inputs): string =>
        values.map((v) => `${v.name} ${v.dtype} [${v.shape.join(', ')}]`).join(', ')
      const lines = [
        `${info.name}: ${signature(info.inputs)} → ${signature(info.outputs)}`,
        `${formatCount(info.parameters)} parameters, ${formatCount(info.nonzeros)} non-zero, ${formatCount(info.macs)} MACs`,
        `operators: ${Object.entries(info.operators)
          .map(([op, count]) => `${op} ×${count}`)
          .join(', ')}`,
        `preprocessing: ${info.preprocess.inputSize.join('×')}, ${info.preprocess.interpolation}, crop ${info.preprocess.cropPct} (${info.preprocess.cropMode}), mean [${info.preprocess.mean.join(', ')}], std [${info.preprocess.std.join(', ')}]`,
        '',
        formatTable(
          ['layer', 'kind', 'rows', 'cols', 'MACs', 'zeros', 'prunable', 'kernel'],
          info.layers.map((l) => [
            l.name,
            l.kind,
            String(l.rows),
            String(l.cols),
            formatCount(l.macs),
            formatPercent(l.sparsity),
            l.prunable ? 'yes' : 'no',
            l.kernel === undefined ? '' : `${l.kernel}${l.reason ? ` (${l.reason})` : ''}`,
          ]),
        ),
        ...Object.entries(info.unsupported).map(([backend, reasons]) =>
          reasons.length === 0 ? `runs on ${backend}` : `does not run on ${backend}: ${reasons.join('; ')}`,
        ),
        ...info.warnings.map((w) => `warning: ${w}`),
      ]
      process.stdout.write(`${lines.join('\n')}\n`)
    })

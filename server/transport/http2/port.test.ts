import { portSuite } from '../testing/port-suite.ts';
import { createHttp2Transport } from './index.ts';

portSuite('own transport, as the connect-node one', createHttp2Transport);

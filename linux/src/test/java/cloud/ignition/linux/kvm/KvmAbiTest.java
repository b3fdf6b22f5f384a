package cloud.ignition.linux.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.CTable;
import java.lang.foreign.StructLayout;
import java.lang.reflect.Field;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** KVM's layouts, request numbers and constants against the C compiler's. */
class KvmAbiTest {
    private final CTable table = new CTable("sys/ioctl.h", "linux/kvm.h");

    @Test
    void everyNamedMemberOfEveryStructIsWhereTheCompilerPutsIt() throws Exception {
        int structs = 0;
        for (Field f : KvmStructs.class.getDeclaredFields()) {
            if (f.getType() == StructLayout.class) {
                f.setAccessible(true);
                table.expectStruct((StructLayout) f.get(null));
                structs++;
            }
        }
        assertThat(structs).isEqualTo(24);
        assertThat(table.compileAndRun()).hasSizeGreaterThan(200).isEqualTo(table.java());
    }

    @Test
    void everyRequestNumberIsTheHeaders() throws Exception {
        table.expectConstants(KvmIoctls.class, UnaryOperator.identity());
        assertThat(table.compileAndRun()).hasSizeGreaterThan(40).isEqualTo(table.java());
    }

    @Test
    void everyConstantHasTheHeadersValue() throws Exception {
        table.expectConstants(KvmConstants.class, UnaryOperator.identity());
        assertThat(table.compileAndRun()).hasSizeGreaterThan(80).isEqualTo(table.java());
    }
}

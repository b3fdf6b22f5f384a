package cloud.ignition.checks;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import org.junit.jupiter.api.Test;

/** The arrows of ARCHITECTURE.md: cli ··HTTP··> daemon -> {vmm, oci, linux}, vmm -> linux. */
class ArrowsTest {
    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("cloud.ignition");

    @Test
    void theProductIsSeen() {
        assertThat(PRODUCT.size()).isGreaterThan(100);
    }

    @Test
    void modulesDependOneWay() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("linux")
                .definedBy("cloud.ignition.linux..")
                .layer("vmm")
                .definedBy("cloud.ignition.vmm..")
                .layer("oci")
                .definedBy("cloud.ignition.oci..")
                .layer("daemon")
                .definedBy("cloud.ignition.daemon..")
                .layer("cli")
                .definedBy("cloud.ignition.cli..")
                .whereLayer("linux")
                .mayNotAccessAnyLayer()
                .whereLayer("vmm")
                .mayOnlyAccessLayers("linux")
                .whereLayer("oci")
                .mayNotAccessAnyLayer()
                .whereLayer("daemon")
                .mayOnlyAccessLayers("vmm", "oci", "linux")
                .whereLayer("cli")
                .mayNotAccessAnyLayer()
                .check(PRODUCT);
    }

    @Test
    void nativeAccessIsInLinuxOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackage("cloud.ignition.linux..")
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(Linker.class, SymbolLookup.class)
                .check(PRODUCT);
    }

    @Test
    void packagesOfOneModuleFormNoCycleWithTheirDevices() {
        slices().matching("cloud.ignition.vmm.virtio.(*)..")
                .should()
                .beFreeOfCycles()
                .check(PRODUCT);
    }
}

// SPDX-License-Identifier: MIT
//
// Linux driver of the PCI function that carries a mediated Adreno: hands its register window, a piece
// of DMA memory and its MSI-X vector to one program at a time. Rings, page tables and fences are the
// program's; the device is reset when the program goes, and only then may its memory be reused.
// Leaves out INTx, runtime power management and more than one program.
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "yamato_pci.h"

#define VENDOR 0x1234
#define MEMORY_BYTES (4u << 20)
#define RBBM_SOFT_RESET (0x003c * 4)

struct yamato {
    struct miscdevice misc;
    struct pci_dev *pdev;
    void __iomem *regs;
    void *mem;
    dma_addr_t mem_pa;
    unsigned long open; // bit 0: a program has it
    atomic_t irqs;
    u32 seen;           // by the program's last read
    wait_queue_head_t wait;
    char name[16];
};

static atomic_t numbers = ATOMIC_INIT(-1);

static struct yamato *of(struct file *file)
{
    return container_of(file->private_data, struct yamato, misc);
}

static irqreturn_t on_irq(int irq, void *arg)
{
    struct yamato *y = arg;
    atomic_inc(&y->irqs);
    wake_up_interruptible(&y->wait);
    return IRQ_HANDLED;
}

// All work is dropped; what the device still writes, it writes before this returns.
static void quiet(struct yamato *y)
{
    iowrite32(~0u, y->regs + RBBM_SOFT_RESET);
    ioread32(y->regs + RBBM_SOFT_RESET);
    iowrite32(0, y->regs + RBBM_SOFT_RESET);
    ioread32(y->regs + RBBM_SOFT_RESET);
}

static int dev_open(struct inode *inode, struct file *file)
{
    struct yamato *y = of(file);
    if (test_and_set_bit(0, &y->open)) {
        return -EBUSY;
    }
    memset(y->mem, 0, MEMORY_BYTES);
    y->seen = atomic_read(&y->irqs);
    return nonseekable_open(inode, file);
}

static int dev_release(struct inode *inode, struct file *file)
{
    struct yamato *y = of(file);
    quiet(y);
    clear_bit(0, &y->open);
    return 0;
}

static ssize_t dev_read(struct file *file, char __user *buf, size_t n, loff_t *pos)
{
    struct yamato *y = of(file);
    u32 now;
    if (n != sizeof now) {
        return -EINVAL;
    }
    if (file->f_flags & O_NONBLOCK && (u32)atomic_read(&y->irqs) == y->seen) {
        return -EAGAIN;
    }
    if (wait_event_interruptible(y->wait, (u32)atomic_read(&y->irqs) != y->seen)) {
        return -ERESTARTSYS;
    }
    now = atomic_read(&y->irqs);
    y->seen = now;
    return copy_to_user(buf, &now, sizeof now) ? -EFAULT : sizeof now;
}

static __poll_t dev_poll(struct file *file, poll_table *table)
{
    struct yamato *y = of(file);
    poll_wait(file, &y->wait, table);
    return (u32)atomic_read(&y->irqs) != y->seen ? EPOLLIN | EPOLLRDNORM : 0;
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
    struct yamato *y = of(file);
    struct yamato_pci_info info = {
        .memory_pa = y->mem_pa,
        .memory_bytes = MEMORY_BYTES,
        .register_bytes = pci_resource_len(y->pdev, 0),
        .device = y->pdev->device,
        .interrupts = atomic_read(&y->irqs),
    };
    if (cmd != YAMATO_PCI_INFO) {
        return -ENOTTY;
    }
    return copy_to_user((void __user *)arg, &info, sizeof info) ? -EFAULT : 0;
}

static int dev_mmap(struct file *file, struct vm_area_struct *vma)
{
    struct yamato *y = of(file);
    unsigned long bytes = vma->vm_end - vma->vm_start, at = vma->vm_pgoff << PAGE_SHIFT;

    if (at == YAMATO_PCI_MEMORY) {
        vma->vm_pgoff = 0;
        return dma_mmap_coherent(&y->pdev->dev, vma, y->mem, y->mem_pa, MEMORY_BYTES);
    }
    if (at != YAMATO_PCI_REGISTERS || bytes > pci_resource_len(y->pdev, 0)) {
        return -EINVAL;
    }
    vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
    return io_remap_pfn_range(vma, vma->vm_start, pci_resource_start(y->pdev, 0) >> PAGE_SHIFT,
                              bytes, vma->vm_page_prot);
}

static const struct file_operations fops = {
    .owner = THIS_MODULE,
    .open = dev_open,
    .release = dev_release,
    .read = dev_read,
    .poll = dev_poll,
    .unlocked_ioctl = dev_ioctl,
    .mmap = dev_mmap,
    .llseek = no_llseek,
};

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
    struct yamato *y = devm_kzalloc(&pdev->dev, sizeof *y, GFP_KERNEL);
    int rc;

    if (!y) {
        return -ENOMEM;
    }
    y->pdev = pdev;
    init_waitqueue_head(&y->wait);
    pci_set_drvdata(pdev, y);
    rc = pcim_enable_device(pdev);
    if (!rc) {
        rc = pcim_iomap_regions(pdev, 1 << 0, "yamato_pci");
    }
    if (!rc) { // the chip's addresses have 32 bits
        rc = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
    }
    if (rc) {
        return rc;
    }
    y->regs = pcim_iomap_table(pdev)[0];
    y->mem = dmam_alloc_coherent(&pdev->dev, MEMORY_BYTES, &y->mem_pa, GFP_KERNEL);
    if (!y->mem) {
        return -ENOMEM;
    }
    pci_set_master(pdev);
    rc = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSIX);
    if (rc < 0) {
        return rc;
    }
    quiet(y);
    rc = request_irq(pci_irq_vector(pdev, 0), on_irq, 0, "yamato_pci", y);
    if (rc) {
        pci_free_irq_vectors(pdev);
        return rc;
    }
    snprintf(y->name, sizeof y->name, "yamato%d", atomic_inc_return(&numbers));
    y->misc.minor = MISC_DYNAMIC_MINOR;
    y->misc.name = y->name;
    y->misc.fops = &fops;
    y->misc.parent = &pdev->dev;
    rc = misc_register(&y->misc);
    if (rc) {
        free_irq(pci_irq_vector(pdev, 0), y);
        pci_free_irq_vectors(pdev);
        return rc;
    }
    dev_info(&pdev->dev, "%s: Adreno %x, %u KiB at 0x%llx\n", y->name, pdev->device & 0xfff,
             MEMORY_BYTES >> 10, (unsigned long long)y->mem_pa);
    return 0;
}

static void on_remove(struct pci_dev *pdev)
{
    struct yamato *y = pci_get_drvdata(pdev);
    misc_deregister(&y->misc);
    quiet(y);
    free_irq(pci_irq_vector(pdev, 0), y);
    pci_free_irq_vectors(pdev);
    pci_clear_master(pdev);
}

static const struct pci_device_id ids[] = {
    {PCI_DEVICE(VENDOR, 0xa200)},
    {PCI_DEVICE(VENDOR, 0xa201)},
    {PCI_DEVICE(VENDOR, 0xa205)},
    {PCI_DEVICE(VENDOR, 0xa220)},
    {PCI_DEVICE(VENDOR, 0xa225)},
    {0},
};
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver yamato_driver = {
    .name = "yamato_pci",
    .id_table = ids,
    .probe = probe,
    .remove = on_remove,
};
module_pci_driver(yamato_driver);

MODULE_DESCRIPTION("Yamato's mediated Adreno as a PCI function");
MODULE_LICENSE("Dual MIT/GPL");

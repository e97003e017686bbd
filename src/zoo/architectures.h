#pragma once

#include "zoo/graph_builder.h"

// One function per network: adds its inputs, layers and outputs to the builder. Layers, strides and
// names are torchvision's where it has the network, every batch normalisation folded into the
// convolution before it, as its inference exports have it, unless the network is there to be
// trained; dropout and pooling to the size already there are left out.

namespace cleave::zoo {

/// He et al. 2016, "Deep Residual Learning", with the stride on the 3x3 convolution (v1.5).
void resnet18(GraphBuilder& g);
void resnet34(GraphBuilder& g);
void resnet50(GraphBuilder& g);
/// Simonyan and Zisserman 2015, configuration D.
void vgg16(GraphBuilder& g);
void vgg19(GraphBuilder& g);
/// Krizhevsky 2014, "One weird trick", the single-column form.
void alexnet(GraphBuilder& g);
/// Sandler et al. 2018, width 1.0.
void mobilenet_v2(GraphBuilder& g);
/// Sermanet et al. 2013, "OverFeat", the fast model of table 1.
void overfeat(GraphBuilder& g);
/// Lin et al. 2014, "Network in Network", the network for ImageNet that its authors published for
/// Caffe, whose names it has.
void nin(GraphBuilder& g);
/// Hannun et al. 2014, "Deep Speech".
void deep_speech(GraphBuilder& g);
/// Dosovitskiy et al. 2015, "Learning to Generate Chairs", the stream that gives the picture.
void chair(GraphBuilder& g);
/// Isola et al. 2017, "Image-to-Image Translation", the U-Net of 256x256; names are the paper's
/// code's.
void pix2pix(GraphBuilder& g);
/// Ours: 25 equal convolutions behind each other, as thesis figure 2.3 measures them.
void conv25(GraphBuilder& g);
/// Ours: a small residual network for pictures of Fashion-MNIST, with its batch normalisations.
void fashion(GraphBuilder& g);
/// Ours: the like for colour pictures of 128x128 in three classes.
void flowers(GraphBuilder& g);
/// Ours: a second's work for tests and demonstrations, with a residual sum and a concatenation.
void tiny(GraphBuilder& g);

}  // namespace cleave::zoo
